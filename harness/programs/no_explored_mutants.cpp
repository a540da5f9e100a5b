#include "harness/programs/explored_variant.hpp"

namespace pidmap_stress::explore {

std::span<const explored_variant> explored_mutants() noexcept {
    return {};
}

}  // namespace pidmap_stress::explore
