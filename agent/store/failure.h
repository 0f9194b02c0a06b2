#pragma once

#include <stdexcept>
#include <utility>

#include "schema/result.h"

namespace muster {

/// The store cannot be read or written: disk full, damaged file, no rights. Thrown inside agent/ only.
class StoreFailure : public std::runtime_error {
 public:
  explicit StoreFailure(Error error) : std::runtime_error(error.what), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace muster
