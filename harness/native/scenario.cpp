#include "harness/native/scenario.hpp"

namespace pidmap_stress {

const scenario_entry* find_scenario(std::string_view name) noexcept {
    for (const scenario_entry& one : scenarios())
        if (one.info->name == name) return &one;
    return nullptr;
}

}  // namespace pidmap_stress
