// SqlConnection: the seam between what the record means (record_tables.cc, once) and the two
// databases that keep it (record_sqlite.cc, record_postgres.cc). The statements are in the common
// subset of both: parameters are $1, $2, ..., numbers are 64 bits, and " FOR UPDATE" and " FOR
// UPDATE SKIP LOCKED", which SQLite neither knows nor needs, are taken out there. What ends in
// " RETURNING 1" asks how many rows it has changed: its rows have no columns to be read. SQLite, to
// which RETURNING is a temporary table each time, says the number.
//
// Threads: a connection is used by one thread at a time. Errors: as RequestRecord's; Internal is a
// mistake in a statement.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/gateway/record_config.h"
#include "engine/gateway/record_time.h"

namespace squall {

// Bytes that need not be text.
struct SqlBlob {
  std::string_view bytes;
};

// A parameter. What it refers to outlives the call.
using SqlParameter = std::variant<std::monostate, int64_t, std::string_view, SqlBlob>;

// A column of a result; NULL is monostate.
using SqlValue = std::variant<std::monostate, int64_t, std::string>;

struct SqlRow {
  std::vector<SqlValue> columns;

  int64_t Int(size_t column) const {
    const int64_t* value = std::get_if<int64_t>(&columns.at(column));
    return value == nullptr ? 0 : *value;
  }
  std::string Text(size_t column) const {
    const std::string* value = std::get_if<std::string>(&columns.at(column));
    return value == nullptr ? std::string() : *value;
  }
  bool IsNull(size_t column) const { return columns.at(column).index() == 0; }
};
using SqlRows = std::vector<SqlRow>;

// Prepared once per connection, which knows it by its address: statements are constants.
struct SqlStatement {
  const char* text;
};

class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  // Opens a transaction that writes, connecting again if need be. Gives the store's clock, if the
  // configuration says so.
  virtual absl::StatusOr<std::optional<UnixTime>> Begin() = 0;
  virtual absl::Status Commit() = 0;
  virtual void Rollback() = 0;  // harmless where none is open

  // Outside of a transaction for statements that only read, which work in a record that takes no
  // writes.
  virtual absl::StatusOr<SqlRows> Run(const SqlStatement& statement,
                                      std::initializer_list<SqlParameter> parameters) = 0;

  // Whether new requests may be taken; the rest of the space is for finishing old ones.
  virtual absl::StatusOr<bool> HasRoom() = 0;

  // DataLoss if the database itself says that it is damaged.
  virtual absl::Status CheckStorage() = 0;

  // Whether no other process can hold locks in this record.
  virtual bool IsSoleOwner() const = 0;
};

// With the tables in place.
absl::StatusOr<std::unique_ptr<SqlConnection>> OpenSqlite(const RecordConfig& config);
absl::StatusOr<std::unique_ptr<SqlConnection>> OpenPostgres(const RecordConfig& config);

inline constexpr int64_t kRecordSchemaVersion = 1;

}  // namespace squall
