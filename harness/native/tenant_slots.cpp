#include "harness/native/tenant_slots.hpp"

#include <sys/mman.h>

#include <new>

namespace pidmap_stress {

tenant_slots::tenant_slots(std::size_t namespaces, pid_nr each)
    : each_(static_cast<std::size_t>(each)), bytes_(namespaces * each_ * sizeof(tenant_slot)) {
    // Not reserved: most of it stays untouched.
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* const mapped = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    slots_ = static_cast<tenant_slot*>(mapped);
}

tenant_slots::~tenant_slots() {
    ::munmap(slots_, bytes_);
}

}  // namespace pidmap_stress
