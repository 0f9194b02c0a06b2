// Private to mapping: where the zones of the IANA are, as far as platforms differ.
#pragma once

namespace muster {

/// To be called before the first zone is looked up. Linux has the zones itself; Windows has not, so they are in the folder `tzdata`
/// beside the program.
void find_zone_data();

}  // namespace muster
