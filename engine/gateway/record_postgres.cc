// The record in a PostgreSQL database, in a schema of its own named "squall", shared by any number
// of gateways. Each connection of each gateway is one SqlConnection.
//
// Nothing waits for the server without a deadline: statements are sent without blocking and their
// results are polled for, beside the server's own statement, lock and idle timeouts. A connection
// that breaks is made again at the next transaction; after an attempt that failed, there is none
// for kReconnectPause, so that a server that is gone does not hold up all that waits in a queue.
// (What libpq does to resolve a host's name is the one wait that has no bound here.)
#include <absl/status/status.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "engine/base/cat.h"
#include "engine/gateway/libpq.h"
#include "engine/gateway/record_sql.h"
#include "engine/gateway/record_statements.h"

namespace squall {

namespace sql = record_sql;

namespace {

using PostgresTime = std::chrono::steady_clock::time_point;

constexpr auto kReconnectPause = 250ms;
constexpr auto kClientGrace = 500ms;  // the server's own timeouts come first
constexpr Oid kOidBytes = 17;         // BYTEAOID, INT8OID, TEXTOID of PostgreSQL's pg_type.dat
constexpr Oid kOidInt8 = 20;
constexpr Oid kOidText = 25;
constexpr size_t kParametersMax = 16;

struct ClosePostgres {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresHandle = std::unique_ptr<PGconn, ClosePostgres>;
using PostgresResult = std::unique_ptr<PGresult, ClosePostgres>;

absl::Status NoConnection() {
  return absl::UnavailableError("request record: no connection to PostgreSQL");
}

// Words of ours and the SQLSTATE only: PostgreSQL's message may quote what is stored.
absl::Status SqlstateError(std::string_view state) {
  const std::string number = Cat(" (SQLSTATE ", state, ")");
  const auto unavailable = [&](std::string_view why) {
    return absl::UnavailableError(Cat("request record: ", why, number));
  };
  const auto in_class = [&](std::string_view prefix) { return state.starts_with(prefix); };
  if (state == "53100") return unavailable("disk full");
  if (state == "25006") return unavailable("read only");
  if (state == "55P03" || state == "57014" || in_class("40")) return unavailable("busy");
  if (in_class("08") || in_class("57P")) return unavailable("no connection to PostgreSQL");
  if (in_class("53")) return unavailable("PostgreSQL is out of resources");
  if (in_class("58")) return unavailable("disk error");
  if (in_class("28") || state == "42501") return unavailable("PostgreSQL refuses access");
  if (in_class("XX00") && state != "XX000") {
    return absl::DataLossError(Cat("request record: corrupt", number));
  }
  return absl::InternalError(Cat("request record: internal error", number));
}

// As PostgreSQL's types are called.
std::string ForPostgres(std::string text) {
  const std::pair<std::string_view, std::string_view> replacements[] = {
      {"$T", "TEXT"},
      {"$I", "BIGINT"},
      {"$B", "BYTEA"},
      {"$K", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
  };
  for (const auto& [from, to] : replacements) {
    for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

// Parameters as libpq takes them: numbers as 8 bytes in network order.
struct PostgresParameters {
  explicit PostgresParameters(std::initializer_list<SqlParameter> parameters) {
    for (const SqlParameter& each : parameters) {
      if (const auto* whole = std::get_if<int64_t>(&each)) {
        auto& bytes = numbers[static_cast<size_t>(count)];
        for (size_t i = 0; i < bytes.size(); ++i) {
          bytes[i] = static_cast<char>(static_cast<uint64_t>(*whole) >> (56 - 8 * i));
        }
        Add(kOidInt8, std::string_view(bytes.data(), bytes.size()));
      } else if (const auto* text = std::get_if<std::string_view>(&each)) {
        Add(kOidText, *text);
      } else if (const auto* blob = std::get_if<SqlBlob>(&each)) {
        Add(kOidBytes, blob->bytes);
      } else {
        ++count;  // NULL, of the type that its place asks for
      }
    }
  }

  void Add(Oid type, std::string_view bytes) {
    const auto i = static_cast<size_t>(count++);
    types[i] = type;
    values[i] = bytes.empty() ? "" : bytes.data();
    lengths[i] = static_cast<int>(bytes.size());
    formats[i] = 1;
  }

  int count = 0;
  std::array<std::array<char, 8>, kParametersMax> numbers{};
  std::array<Oid, kParametersMax> types{};
  std::array<const char*, kParametersMax> values{};
  std::array<int, kParametersMax> lengths{};
  std::array<int, kParametersMax> formats{};
};

SqlRows ReadPostgresRows(const PGresult* result) {
  SqlRows rows(static_cast<size_t>(PQntuples(result)));
  const int columns = PQnfields(result);
  for (int r = 0; std::cmp_less(r, rows.size()); ++r) {
    auto& row = rows[static_cast<size_t>(r)].columns;
    row.reserve(static_cast<size_t>(columns));
    for (int c = 0; c < columns; ++c) {
      const char* bytes = PQgetvalue(result, r, c);
      if (PQgetisnull(result, r, c) != 0) {
        row.emplace_back();
      } else if (PQftype(result, c) == kOidInt8 && PQfformat(result, c) == 1) {
        uint64_t whole = 0;
        for (int i = 0; i < 8; ++i) whole = whole << 8 | static_cast<unsigned char>(bytes[i]);
        row.emplace_back(static_cast<int64_t>(whole));
      } else {
        row.emplace_back(std::string(bytes, static_cast<size_t>(PQgetlength(result, r, c))));
      }
    }
  }
  return rows;
}

class PostgresConnection final : public SqlConnection {
 public:
  explicit PostgresConnection(const RecordConfig& config) : config_(config) {}

  // Connects, and makes the tables where there are none.
  absl::Status Open();

  absl::StatusOr<std::optional<UnixTime>> Begin() override;
  absl::Status Commit() override;
  void Rollback() override;
  absl::StatusOr<SqlRows> Run(const SqlStatement& statement,
                              std::initializer_list<SqlParameter> parameters) override;
  absl::StatusOr<bool> HasRoom() override { return true; }
  absl::Status CheckStorage() override { return absl::OkStatus(); }
  bool IsSoleOwner() const override { return false; }

 private:
  absl::Status Connect();
  absl::Status Configure();
  absl::Status MakeTables();
  absl::StatusOr<int64_t> Version();
  void Drop() {
    connection_.reset();
    prepared_.clear();
  }

  PostgresTime Deadline() const {
    return std::chrono::steady_clock::now() + config_.wait + kClientGrace;
  }
  bool Poll(short events, PostgresTime deadline) const;

  // What was sent last, until its last result. Drops the connection where that does not come.
  absl::StatusOr<PostgresResult> Receive();
  absl::StatusOr<PostgresResult> Simple(const std::string& text);
  absl::Status Prepare(const SqlStatement& statement, const PostgresParameters& parameters);
  absl::StatusOr<SqlRows> RunOnce(const SqlStatement& statement,
                                  std::initializer_list<SqlParameter> parameters);

  const RecordConfig config_;
  PostgresHandle connection_;
  std::map<const char*, std::string> prepared_;  // names, of this connection
  bool in_transaction_ = false;  // also after its connection has broken, until Commit or Rollback
  std::string connect_error_;    // libpq's words, for who starts a gateway
  PostgresTime no_connect_before_ = PostgresTime::min();
};

// ---- waiting ----

bool PostgresConnection::Poll(short events, PostgresTime deadline) const {
  pollfd waits{PQsocket(connection_.get()), events, 0};
  if (waits.fd < 0) return false;
  for (;;) {  // a signal may end a poll early
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const int ready = poll(&waits, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

absl::StatusOr<PostgresResult> PostgresConnection::Receive() {
  const PostgresTime deadline = Deadline();
  PGconn* connection = connection_.get();
  PostgresResult last;
  absl::Status error;
  for (;;) {
    const int unsent = PQflush(connection);
    const bool busy = PQisBusy(connection) != 0;
    if (unsent < 0) break;
    if (unsent > 0 || busy) {
      const bool ready = Poll(static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), deadline);
      if (!ready || PQconsumeInput(connection) == 0) break;
      continue;
    }
    PostgresResult result(PQgetResult(connection));
    if (!result) {  // that was all
      if (!error.ok()) return error;
      if (!last) break;
      return last;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && error.ok()) {
      const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      error = state == nullptr ? NoConnection() : SqlstateError(state);
    }
    last = std::move(result);
    if (PQstatus(connection) == CONNECTION_BAD) break;
  }
  Drop();
  return error.ok() ? NoConnection() : error;
}

absl::StatusOr<PostgresResult> PostgresConnection::Simple(const std::string& text) {
  if (!connection_ || PQsendQuery(connection_.get(), text.c_str()) == 0) {
    Drop();
    return NoConnection();
  }
  return Receive();
}

// ---- connecting ----

absl::Status PostgresConnection::Connect() {
  const PostgresTime now = std::chrono::steady_clock::now();
  if (now < no_connect_before_) return NoConnection();
  Drop();
  const char* names[] = {"dbname", "fallback_application_name", "client_encoding", nullptr};
  const char* values[] = {config_.connection.c_str(), "squall", "UTF8", nullptr};
  connection_.reset(PQconnectStartParams(names, values, /*expand_dbname=*/1));
  const PostgresTime deadline = Deadline();
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (connection_ && PQstatus(connection_.get()) != CONNECTION_BAD &&
         state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const bool reads = state == PGRES_POLLING_READING;
    if (!Poll(reads ? POLLIN : POLLOUT, deadline)) break;
    state = PQconnectPoll(connection_.get());
  }
  absl::Status status = state == PGRES_POLLING_OK ? Configure() : NoConnection();
  if (status.ok()) return status;
  if (connection_ && state != PGRES_POLLING_OK) {
    const std::string_view words = PQerrorMessage(connection_.get());
    connect_error_ = words.substr(0, words.find('\n'));
  }
  no_connect_before_ = std::chrono::steady_clock::now() + kReconnectPause;
  Drop();
  return status;
}

absl::Status PostgresConnection::Configure() {
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(connection_.get(), 1) != 0) return NoConnection();
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  if (encoding == nullptr || std::strcmp(encoding, "UTF8") != 0) {
    return absl::FailedPreconditionError(
        "request record: the PostgreSQL database's encoding is not UTF8");
  }
  const auto wait_ms = config_.wait / std::chrono::milliseconds(1);
  const std::string_view sync = config_.sync == RecordSync::kFull ? "on" : "off";
  return Simple(Cat("SET search_path TO squall; SET statement_timeout = ", wait_ms,
                    "; SET lock_timeout = ", wait_ms,
                    "; SET idle_in_transaction_session_timeout = ", 2 * wait_ms,
                    "; SET synchronous_commit = ", sync))
      .status();
}

absl::Status PostgresConnection::Open() {
  if (absl::Status loaded = LoadLibpq(); !loaded.ok()) return loaded;
  char* words = nullptr;
  PQconninfoOption* options = PQconninfoParse(config_.connection.c_str(), &words);
  const bool is_readable = options != nullptr;
  PQconninfoFree(options);
  PQfreemem(words);  // they may quote a password
  if (!is_readable) {
    return absl::InvalidArgumentError("connection: expected a libpq connection string or URI");
  }
  const absl::Status connected = Connect();
  if (!connected.ok()) {
    if (!absl::IsUnavailable(connected) || connect_error_.empty()) return connected;
    return absl::UnavailableError(Cat("request record: ", connect_error_));
  }
  const auto version = Version();
  if (!version.ok()) return version.status();
  if (*version == 0) return MakeTables();
  if (*version == kRecordSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(Cat("request record: the schema squall has version ",
                                           *version, "; this squall knows version ",
                                           kRecordSchemaVersion));
}

// 0: there are no tables.
absl::StatusOr<int64_t> PostgresConnection::Version() {
  const auto exists = Simple("SELECT 1 WHERE to_regclass('squall.record') IS NOT NULL");
  if (!exists.ok()) return exists.status();
  if (PQntuples(exists->get()) == 0) return 0;
  const auto version = Simple("SELECT version FROM squall.record");
  if (!version.ok()) return version.status();
  if (PQntuples(version->get()) != 1) {
    return absl::DataLossError("request record: corrupt: the schema squall has no one version");
  }
  return std::atoll(PQgetvalue(version->get(), 0, 0));
}

// One of those that start at the same time; the others find the tables made. They have to begin a
// transaction after they have the lock: one that began before would not look again for a schema
// that it has not found.
absl::Status PostgresConnection::MakeTables() {
  static constexpr int64_t kMakersLock = 0x7371'7561'6c6c;
  absl::Status status = Simple(Cat("SELECT pg_advisory_lock(", kMakersLock, ")")).status();
  if (!status.ok()) return status;
  status = Simple("BEGIN").status();
  const auto version = status.ok() ? Version() : absl::StatusOr<int64_t>(status);
  status = version.status();
  if (status.ok() && *version == 0) {
    status = Simple(Cat("CREATE SCHEMA IF NOT EXISTS squall; CREATE TABLE record (version BIGINT "
                        "NOT NULL); INSERT INTO record VALUES (",
                        kRecordSchemaVersion, ")"))
                 .status();
    for (const char* table : sql::kTables) {
      if (status.ok()) status = Simple(ForPostgres(table)).status();
    }
  }
  if (status.ok()) status = Simple("COMMIT").status();
  if (!status.ok() && connection_) (void)Simple("ROLLBACK");
  if (connection_) (void)Simple(Cat("SELECT pg_advisory_unlock(", kMakersLock, ")"));
  return status;
}

// ---- transactions and statements ----

absl::StatusOr<std::optional<UnixTime>> PostgresConnection::Begin() {
  static const std::string begin =
      "BEGIN ISOLATION LEVEL READ COMMITTED; "
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint";
  const bool was_connected = connection_ != nullptr;
  if (!was_connected) {
    if (absl::Status status = Connect(); !status.ok()) return status;
  }
  auto begun = Simple(begin);
  if (!begun.ok() && !connection_ && was_connected) {  // it had been closed meanwhile
    if (absl::Status status = Connect(); !status.ok()) return status;
    begun = Simple(begin);
  }
  if (!begun.ok()) {
    if (connection_) (void)Simple("ROLLBACK");
    return begun.status();
  }
  in_transaction_ = true;
  if (config_.clock == RecordClock::kCaller) return std::nullopt;
  return UnixTime{std::atoll(PQgetvalue(begun->get(), 0, 0))};
}

absl::Status PostgresConnection::Commit() {
  in_transaction_ = false;
  const auto done = Simple("COMMIT");
  if (!done.ok()) return done.status();
  // A transaction that had failed before is rolled back by this, and is told so only here.
  if (std::string_view(PQcmdStatus(done->get())) == "COMMIT") return absl::OkStatus();
  return absl::InternalError("request record: internal error (a failed transaction was committed)");
}

void PostgresConnection::Rollback() {
  if (in_transaction_ && connection_) (void)Simple("ROLLBACK");
  in_transaction_ = false;
}

absl::Status PostgresConnection::Prepare(const SqlStatement& statement,
                                         const PostgresParameters& parameters) {
  if (prepared_.contains(statement.text)) return absl::OkStatus();
  const std::string name = Cat("s", prepared_.size());
  const std::string text = ForPostgres(statement.text);
  if (PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), parameters.count,
                    parameters.types.data()) == 0) {
    Drop();
    return NoConnection();
  }
  const auto made = Receive();
  if (made.ok()) prepared_[statement.text] = name;
  return made.status();
}

absl::StatusOr<SqlRows> PostgresConnection::RunOnce(
    const SqlStatement& statement, std::initializer_list<SqlParameter> parameters) {
  const PostgresParameters sent(parameters);
  if (absl::Status status = Prepare(statement, sent); !status.ok()) return status;
  if (PQsendQueryPrepared(connection_.get(), prepared_[statement.text].c_str(), sent.count,
                          sent.values.data(), sent.lengths.data(), sent.formats.data(),
                          /*resultFormat=*/1) == 0) {
    Drop();
    return NoConnection();
  }
  const auto result = Receive();
  if (!result.ok()) return result.status();
  return ReadPostgresRows(result->get());
}

absl::StatusOr<SqlRows> PostgresConnection::Run(const SqlStatement& statement,
                                                std::initializer_list<SqlParameter> parameters) {
  if (in_transaction_) {
    return connection_ ? RunOnce(statement, parameters) : absl::StatusOr<SqlRows>(NoConnection());
  }
  const bool was_connected = connection_ != nullptr;
  if (!was_connected) {
    if (absl::Status status = Connect(); !status.ok()) return status;
  }
  auto rows = RunOnce(statement, parameters);
  if (rows.ok() || connection_ || !was_connected) return rows;
  if (absl::Status status = Connect(); !status.ok()) return status;
  return RunOnce(statement, parameters);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlConnection>> OpenPostgres(const RecordConfig& config) {
  if (config.connection.empty()) {
    return absl::InvalidArgumentError("store postgres needs a connection");
  }
  auto connection = std::make_unique<PostgresConnection>(config);
  if (absl::Status status = connection->Open(); !status.ok()) return status;
  return connection;
}

}  // namespace squall
