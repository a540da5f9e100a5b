#include "harness/native/subject.hpp"

namespace pidmap_stress {

std::span<const subject_entry> mutant_subjects() noexcept {
    return {};
}

}  // namespace pidmap_stress
