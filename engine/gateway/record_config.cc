#include "engine/gateway/record_config.h"

#include <array>
#include <string_view>

namespace squall {
namespace {

constexpr std::array<std::string_view, 3> kRecordStores = {"memory", "sqlite", "postgres"};
constexpr std::array<std::string_view, 2> kRecordSyncs = {"full", "normal"};
constexpr std::array<std::string_view, 2> kUnknownPolicies = {"retry", "fail"};
constexpr std::array<std::string_view, 2> kRecordClocks = {"store", "caller"};

}  // namespace

void Describe(Fields& f, RecordConfig& c) {
  f.Enum("store", c.store, kRecordStores,
         "Where requests are recorded: memory (gone with the process), sqlite (a file, one "
         "gateway), postgres (a server that several gateways share).");
  f.Text("path", c.path, "File of the sqlite store; its folder exists.");
  f.Text("connection", c.connection,
         "libpq connection string or URI of the postgres store; a password belongs into PGPASSWORD "
         "or a password file.");
  f.Enum("sync", c.sync, kRecordSyncs,
         "full: an fsync per transaction, survives a loss of power; normal: survives the death of "
         "the gateway, and a crash of the system (postgres: of the server) may lose the last "
         "transactions.");
  f.Enum("clock", c.clock, kRecordClocks,
         "Whose clock leases and retention go by: the store's own, which only postgres has, or the "
         "gateway's.");
  f.Enum("on_unknown", c.on_unknown, kUnknownPolicies,
         "What becomes of a request whose gateway died with an attempt on the wire: retry may "
         "execute it twice, fail never does.");
  f.Span("lease", c.lease, {100ms, 24h},
         "How long a request stays with a worker that says nothing; the worker renews it.");
  f.Span("retention", c.retention, {1s, 8760h},
         "How long results, attempts and idempotency keys are kept after a request has finished.");
  f.Span("wait", c.wait, {10ms, 60s},
         "Longest wait for a lock, for a statement and for a connection, each.");
  f.Int("max_body_bytes", c.max_body_bytes, {1 << 10, 256 << 20},
        "Largest request and largest result.");
  f.Int("max_bytes", c.max_bytes, {1 << 20, int64_t{1} << 46},
        "Largest size of the sqlite and memory stores; nine tenths of it take new requests, the "
        "rest is for finishing those accepted.");
  f.Int("max_attempts", c.max_attempts, {1, 100'000}, "Most attempts recorded for one request.");
  f.Int("queue", c.queue, {1, 1 << 20}, "Most operations that wait for the record.");
  f.Int("group", c.group, {1, 1024},
        "Most operations that share one transaction, sqlite and memory.");
  f.Int("threads", c.threads, {1, 64}, "Connections to the postgres store.");
  f.Require(c.store != RecordStore::kSqlite || !c.path.empty(), "store sqlite needs a path");
  f.Require(c.store != RecordStore::kPostgres || !c.connection.empty(),
            "store postgres needs a connection");
}

}  // namespace squall
