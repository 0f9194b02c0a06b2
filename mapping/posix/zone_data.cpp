#include "mapping/zone_data.h"

namespace muster {

void find_zone_data() {}

}  // namespace muster
