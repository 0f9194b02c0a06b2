// Private to agent/store: SQLite handles that close themselves. A failure throws StoreFailure, which the engine's public
// functions turn into an Error: no exception leaves agent/.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/store/failure.h"

namespace muster::sql {

struct CloseDb {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
};

/// A prepared statement. bind() counts from 1, column() from 0. Texts and blobs are copied while binding.
class Statement {
 public:
  Statement(sqlite3* db, const char* text);

  Statement& reset();
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  /// True: a row is there.
  bool step();
  /// Runs to the end; for statements without rows.
  void run();

  std::int64_t integer(int column) const { return sqlite3_column_int64(stmt_.get(), column); }
  bool is_null(int column) const { return sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL; }
  /// Valid until the next step or reset. Works for texts and blobs.
  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }

 private:
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
};

/// Binds in order and rewinds when it dies, so that no statement keeps a read transaction open.
template <class... Args>
Statement& with(Statement& s, const Args&... args) {
  s.reset();
  int i = 0;
  (s.bind(++i, args), ...);
  return s;
}

class Rewind {
 public:
  explicit Rewind(Statement& s) : s_(s) {}
  ~Rewind() { s_.reset(); }
  Rewind(const Rewind&) = delete;
  Rewind& operator=(const Rewind&) = delete;

 private:
  Statement& s_;
};

class Database {
 public:
  /// Opens (and creates) in WAL mode with full durability: a committed transaction survives a power cut.
  static Database open(const std::string& path, bool read_only);

  /// The cached statement for a literal; one user at a time.
  Statement& cached(const char* literal);
  Statement prepare(const char* text) { return Statement(db_.get(), text); }
  void exec(const char* text);
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(db_.get()); }
  std::int64_t changes() const { return sqlite3_changes(db_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  sqlite3* handle() { return db_.get(); }

 private:
  std::unique_ptr<sqlite3, CloseDb> db_;
  std::map<const char*, std::unique_ptr<Statement>> cache_;
};

}  // namespace muster::sql
