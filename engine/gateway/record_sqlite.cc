// The record in a SQLite file or in memory. One process owns it, by a lock on PATH.lock; others may
// read it meanwhile (sqlite3 PATH), which holds up nobody since it is in WAL mode.
//
// The files are made readable by their owner only: bodies and results are other people's words.
// Deleted rows are overwritten (secure_delete), so that retention means what it says.
#include <absl/status/status.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/gateway/record_sql.h"
#include "engine/gateway/record_statements.h"

namespace squall {

namespace sql = record_sql;

namespace {

constexpr int64_t kSqliteApplication = 0x5351554c;  // "SQUL"
constexpr int64_t kSqlitePage = 4096;
constexpr int64_t kWalBytesKept = 64 << 20;  // a larger log is cut back at the next checkpoint

struct CloseSqlite {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, CloseSqlite>;

// Words of ours only: SQLite's may quote what is stored.
absl::Status SqliteError(int code) {
  const std::string number = Cat(" (SQLite ", code, ")");
  switch (code & 0xff) {
    case SQLITE_FULL: return absl::UnavailableError(Cat("request record: disk full", number));
    case SQLITE_READONLY: return absl::UnavailableError(Cat("request record: read only", number));
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return absl::UnavailableError(Cat("request record: busy", number));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return absl::DataLossError(Cat("request record: corrupt", number));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return absl::UnavailableError(Cat("request record: disk error", number));
    case SQLITE_NOMEM: return absl::UnavailableError(Cat("request record: out of memory", number));
    default: return absl::InternalError(Cat("request record: internal error", number));
  }
}

constexpr std::string_view kCounted = " RETURNING 1";

// As SQLite reads it: without what it does not know, and with its own types.
std::string ForSqlite(std::string text) {
  const std::pair<std::string_view, std::string_view> replacements[] = {
      {" FOR UPDATE SKIP LOCKED", ""},
      {"FOR UPDATE", ""},
      {kCounted, ""},
      {"$T", "TEXT"},
      {"$I", "INTEGER"},
      {"$B", "BLOB"},
      {"$K", "INTEGER PRIMARY KEY"},
  };
  for (const auto& [from, to] : replacements) {
    for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

// The right to write to the record, for as long as the process lives.
class OwnerLock {
 public:
  OwnerLock() = default;
  OwnerLock(OwnerLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  OwnerLock& operator=(OwnerLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~OwnerLock() {
    if (file_ >= 0) close(file_);
  }

  // Nothing is held, and nothing wrong, where no file can be made: nobody can write there.
  static absl::StatusOr<OwnerLock> Take(const std::string& path) {
    OwnerLock lock;
    lock.file_ = open(Cat(path, ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock.file_ >= 0 && flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
      return absl::UnavailableError(Cat(path,
                                        ": the request record belongs to another gateway, which "
                                        "is running; one file takes one gateway"));
    }
    return lock;
  }

 private:
  int file_ = -1;
};

class SqliteConnection final : public SqlConnection {
 public:
  SqliteConnection(const RecordConfig& config, SqliteHandle db, OwnerLock owner)
      : owner_(std::move(owner)), pages_max_(config.max_bytes / kSqlitePage), db_(std::move(db)) {}

  absl::StatusOr<std::optional<UnixTime>> Begin() override {
    static constexpr SqlStatement kBegin = {"BEGIN IMMEDIATE"};
    const auto begun = Run(kBegin, {});
    if (!begun.ok()) return begun.status();
    return std::nullopt;
  }

  absl::Status Commit() override {
    static constexpr SqlStatement kCommit = {"COMMIT"};
    return Run(kCommit, {}).status();
  }

  void Rollback() override {
    static constexpr SqlStatement kRollback = {"ROLLBACK"};
    if (sqlite3_get_autocommit(db_.get()) == 0) (void)Run(kRollback, {});
  }

  absl::StatusOr<SqlRows> Run(const SqlStatement& statement,
                              std::initializer_list<SqlParameter> parameters) override;

  absl::StatusOr<bool> HasRoom() override {
    static constexpr SqlStatement kPages = {"PRAGMA page_count"};
    static constexpr SqlStatement kFree = {"PRAGMA freelist_count"};
    const auto pages = Run(kPages, {});
    const auto free = Run(kFree, {});
    if (!pages.ok()) return pages.status();
    if (!free.ok()) return free.status();
    return pages->front().Int(0) - free->front().Int(0) < pages_max_ - pages_max_ / 10;
  }

  absl::Status CheckStorage() override;
  bool IsSoleOwner() const override { return true; }

  // The settings, and the tables where there are none.
  absl::Status Prepare(const RecordConfig& config);

 private:
  absl::Status Execute(const std::string& text) {
    return Code(sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr));
  }
  static absl::Status Code(int code) {
    return code == SQLITE_OK ? absl::OkStatus() : SqliteError(code);
  }
  absl::StatusOr<int64_t> Number(const SqlStatement& statement) {
    const auto rows = Run(statement, {});
    if (!rows.ok()) return rows.status();
    return rows->empty() ? 0 : rows->front().Int(0);
  }
  absl::StatusOr<sqlite3_stmt*> Prepared(const SqlStatement& statement);
  absl::Status Bind(sqlite3_stmt* statement, std::initializer_list<SqlParameter> parameters);
  absl::Status MakeTables(const std::string& path);

  OwnerLock owner_;  // given up last
  int64_t pages_max_;
  SqliteHandle db_;
  std::map<const char*, SqliteStatement> prepared_;  // as many as there are constants
};

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepared(const SqlStatement& statement) {
  SqliteStatement& known = prepared_[statement.text];
  if (known) return known.get();
  sqlite3_stmt* made = nullptr;
  const std::string text = ForSqlite(statement.text);
  const int code = sqlite3_prepare_v3(db_.get(), text.c_str(), static_cast<int>(text.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  known.reset(made);
  if (code != SQLITE_OK) return SqliteError(code);
  return made;
}

// SQLite numbers parameters by their first appearance; their names say which they are.
absl::Status SqliteConnection::Bind(sqlite3_stmt* statement,
                                    std::initializer_list<SqlParameter> parameters) {
  for (int index = 1; index <= sqlite3_bind_parameter_count(statement); ++index) {
    const int number = std::atoi(sqlite3_bind_parameter_name(statement, index) + 1);
    SQUALL_CHECK(number >= 1 && std::cmp_less_equal(number, parameters.size()));
    const SqlParameter& value = parameters.begin()[number - 1];
    int code = SQLITE_OK;
    // A null pointer would be NULL, and an empty view may have one.
    const auto data = [](std::string_view bytes) { return bytes.empty() ? "" : bytes.data(); };
    if (const auto* whole = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *whole);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = sqlite3_bind_text64(statement, index, data(*text), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<SqlBlob>(&value)) {
      code = sqlite3_bind_blob64(statement, index, data(blob->bytes), blob->bytes.size(),
                                 SQLITE_STATIC);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) return SqliteError(code);
  }
  return absl::OkStatus();
}

SqlRow ReadSqliteRow(sqlite3_stmt* statement) {
  SqlRow row;
  const int columns = sqlite3_column_count(statement);
  row.columns.reserve(static_cast<size_t>(columns));
  for (int i = 0; i < columns; ++i) {
    const int type = sqlite3_column_type(statement, i);
    if (type == SQLITE_NULL) {
      row.columns.emplace_back();
    } else if (type == SQLITE_INTEGER) {
      row.columns.emplace_back(int64_t{sqlite3_column_int64(statement, i)});
    } else {
      const void* bytes = sqlite3_column_blob(statement, i);  // before its size is asked
      const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, i));
      row.columns.emplace_back(size == 0 ? std::string()
                                         : std::string(static_cast<const char*>(bytes), size));
    }
  }
  return row;
}

absl::StatusOr<SqlRows> SqliteConnection::Run(const SqlStatement& statement,
                                              std::initializer_list<SqlParameter> parameters) {
  const auto prepared = Prepared(statement);
  if (!prepared.ok()) return prepared.status();
  absl::Status status = Bind(*prepared, parameters);
  SqlRows rows;
  while (status.ok()) {
    const int code = sqlite3_step(*prepared);
    if (code == SQLITE_DONE) break;
    if (code == SQLITE_ROW) {
      rows.push_back(ReadSqliteRow(*prepared));
    } else {
      status = SqliteError(code);
    }
  }
  if (status.ok() && std::string_view(statement.text).ends_with(kCounted)) {
    rows.resize(static_cast<size_t>(sqlite3_changes(db_.get())));
  }
  sqlite3_reset(*prepared);
  sqlite3_clear_bindings(*prepared);
  if (!status.ok()) return status;
  return rows;
}

absl::Status SqliteConnection::CheckStorage() {
  static constexpr SqlStatement kIntegrity = {"PRAGMA integrity_check(1)"};
  const auto rows = Run(kIntegrity, {});
  if (!rows.ok()) return rows.status();
  if (!rows->empty() && rows->front().Text(0) == "ok") return absl::OkStatus();
  return absl::DataLossError("request record: corrupt: SQLite's integrity check fails");
}

absl::Status SqliteConnection::Prepare(const RecordConfig& config) {
  sqlite3_extended_result_codes(db_.get(), 1);
  sqlite3_busy_timeout(db_.get(), static_cast<int>(config.wait / std::chrono::milliseconds(1)));
  const bool reads_only = sqlite3_db_readonly(db_.get(), "main") == 1;
  std::string settings =
      Cat("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; "
          "PRAGMA secure_delete = ON; PRAGMA max_page_count = ",
          pages_max_, "; PRAGMA journal_size_limit = ", kWalBytesKept,
          "; PRAGMA synchronous = ", config.sync == RecordSync::kFull ? "FULL" : "NORMAL", ";");
  if (!reads_only) settings = Cat("PRAGMA page_size = ", kSqlitePage, ";", settings);
  if (absl::Status status = Execute(settings); !status.ok()) return status;
  const absl::Status tables = MakeTables(config.path);
  if (!tables.ok() || reads_only || config.store == RecordStore::kMemory) return tables;
  static constexpr SqlStatement kWal = {"PRAGMA journal_mode = WAL"};
  const auto mode = Run(kWal, {});
  if (!mode.ok()) return mode.status();
  if (mode->empty() || mode->front().Text(0) != "wal") {
    return absl::UnavailableError(
        Cat(config.path,
            ": a request record needs a file system that SQLite can use in WAL mode "
            "(a local one)"));
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::MakeTables(const std::string& path) {
  static constexpr SqlStatement kVersion = {"PRAGMA user_version"};
  static constexpr SqlStatement kApplication = {"PRAGMA application_id"};
  static constexpr SqlStatement kObjects = {"SELECT COUNT(*) FROM sqlite_schema"};
  const auto version = Number(kVersion);
  const auto application = version.ok() ? Number(kApplication) : version;
  const auto objects = application.ok() ? Number(kObjects) : application;
  if (!objects.ok()) return objects.status();
  if (*application == kSqliteApplication) {
    if (*version == kRecordSchemaVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(Cat(path, ": a request record of version ", *version,
                                             "; this squall knows version ", kRecordSchemaVersion));
  }
  if (*objects != 0 || *application != 0 || *version != 0) {
    return absl::DataLossError(Cat(path, ": a database of something else, no request record"));
  }
  const auto begun = Begin();
  if (!begun.ok()) return begun.status();
  absl::Status status = Execute(Cat("PRAGMA application_id = ", kSqliteApplication,
                                    "; PRAGMA user_version = ", kRecordSchemaVersion));
  for (const char* table : sql::kTables) {
    if (status.ok()) status = Execute(ForSqlite(table));
  }
  if (status.ok()) status = Commit();
  if (!status.ok()) Rollback();
  return status;
}

absl::StatusOr<SqliteHandle> OpenSqliteFile(const std::string& name, int flags) {
  // Its own statistics of memory, which nobody asks for, are a lock at each allocation. Refused,
  // and nothing lost, where the process has used SQLite before.
  static const int told [[maybe_unused]] = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteHandle handle(db);
  if (code != SQLITE_OK) return SqliteError(code);
  return handle;
}

// As a URI, for a folder that cannot be written to: SQLite then looks for no log beside the file.
std::string ImmutableUri(const std::string& path) {
  std::string uri = "file:";
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += '%';
      uri += kDigits[static_cast<unsigned char>(c) >> 4];
      uri += kDigits[static_cast<unsigned char>(c) & 15];
    } else {
      uri += c;
    }
  }
  return uri + "?mode=ro&immutable=1";
}

absl::Status AboutPath(const RecordConfig& config, const absl::Status& status) {
  if (status.ok() || config.store == RecordStore::kMemory) return status;
  const std::string message(status.message());
  if (message.starts_with(config.path)) return status;
  return absl::Status(status.code(), Cat(config.path, ": ", message));
}

absl::StatusOr<std::unique_ptr<SqlConnection>> Prepared(const RecordConfig& config,
                                                        absl::StatusOr<SqliteHandle> db,
                                                        OwnerLock owner) {
  if (!db.ok()) return AboutPath(config, db.status());
  auto connection = std::make_unique<SqliteConnection>(config, *std::move(db), std::move(owner));
  if (absl::Status status = connection->Prepare(config); !status.ok()) {
    return AboutPath(config, status);
  }
  return connection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlConnection>> OpenSqlite(const RecordConfig& config) {
  if (config.store == RecordStore::kMemory) {
    return Prepared(config, OpenSqliteFile(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE),
                    OwnerLock());
  }
  if (config.path.empty()) return absl::InvalidArgumentError("store sqlite needs a path");
  auto owner = OwnerLock::Take(config.path);
  if (!owner.ok()) return owner.status();
  // SQLite gives its log and its index the rights of the file.
  const int made = open(config.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int error = errno;
  if (made >= 0) close(made);  // before SQLite has locks on it, which a close would drop
  if (made < 0 && (error == EACCES || error == EROFS || error == EPERM) &&
      access(config.path.c_str(), R_OK) == 0) {
    struct stat log {};
    const bool has_log = stat(Cat(config.path, "-wal").c_str(), &log) == 0 && log.st_size > 0;
    return Prepared(
        config,
        has_log ? OpenSqliteFile(config.path, SQLITE_OPEN_READONLY)
                : OpenSqliteFile(ImmutableUri(config.path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI),
        *std::move(owner));
  }
  if (made < 0) {
    return absl::UnavailableError(
        Cat(config.path, ": the request record cannot be opened: ", strerror(error)));
  }
  return Prepared(config, OpenSqliteFile(config.path, SQLITE_OPEN_READWRITE), *std::move(owner));
}

}  // namespace squall
