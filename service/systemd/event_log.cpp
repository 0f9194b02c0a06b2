#include "service/event_log.h"

namespace muster {

std::unique_ptr<EventLog> EventLog::open() { return nullptr; }

}  // namespace muster
