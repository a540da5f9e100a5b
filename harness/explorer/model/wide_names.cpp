#include "harness/explorer/model/wide_names.hpp"

#include <bit>

namespace pidmap_stress::explore {

wide_names& wide_names::of_all() {
    static wide_names all;
    return all;
}

std::uint64_t wide_names::name_of(const wide_value& value) {
    if (value == wide_value{}) return 0;
    std::uint64_t name = (value.words[0] * 0x9e3779b97f4a7c15ULL) ^
                         std::rotl(value.words[1] * 0xd6e8feb86659fd93ULL, 32) ^
                         (value.pointers * 0xa0761d6478bd642fULL);
    name ^= name >> 32U;
    const std::lock_guard lock(mutex_);
    // Two values with one hash are the one case in which a name depends on who comes first.
    for (;; ++name) {
        const auto [at, is_new] = values_.try_emplace(name, value);
        if (is_new || at->second == value) return name;
    }
}

wide_value wide_names::value_of(std::uint64_t name) const {
    const std::lock_guard lock(mutex_);
    return values_.at(name);
}

}  // namespace pidmap_stress::explore
