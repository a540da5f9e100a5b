#include <cstdio>

#include "allocator/variants/sound.hpp"

int main() {
    using allocator = pidmap_stress::sound<pidmap_stress::native>;
    static_assert(pidmap_stress::pid_allocator<allocator>);

    allocator::pid_max_cell pid_max{32768};
    allocator* const ns = pidmap_stress::create_namespace<allocator>(pid_max);
    if (ns == nullptr) return 1;
    const pidmap_stress::alloc_result first = ns->alloc_pidmap();
    if (!first) return 1;
    std::printf("pid %d\n", static_cast<int>(first.nr()));
    ns->free_pidmap(first.nr());
    ns->put();
    return 0;
}
