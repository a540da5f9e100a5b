#include "harness/explorer/model/heap.hpp"

#include <algorithm>
#include <functional>

namespace pidmap_stress::explore {

void heap::reset() noexcept {
    if (blocks_made_ == 0) return;
    for (arena& a : arenas_) a.used = a.used_blocks = 0;
    blocks_made_ = 0;
}

block* heap::allocate(unsigned thread, std::size_t size, std::size_t alignment) {
    arena& a = arenas_[thread];
    if (!a.memory)
        a.memory.reset(
            static_cast<std::byte*>(::operator new[](bytes_per_thread, arena_alignment)));
    const std::size_t align = std::max<std::size_t>(alignment, alignof(std::max_align_t));
    const auto base = reinterpret_cast<std::uintptr_t>(a.memory.get());
    const std::size_t start = ((base + a.used + align - 1) & ~(align - 1)) - base;
    if (size > bytes_per_thread || start > bytes_per_thread - size) return nullptr;
    a.used = start + size;
    if (a.used_blocks == a.blocks.size()) a.blocks.push_back(std::make_unique<block>());
    block& b = *a.blocks[a.used_blocks];
    std::vector<block::guarded_access> guarded = std::move(b.guarded);
    guarded.clear();
    b = block{.base = a.memory.get() + start,
              .size = size,
              .owner = thread,
              .number = static_cast<unsigned>(a.used_blocks),
              .guarded = std::move(guarded)};
    ++a.used_blocks;
    ++blocks_made_;
    return &b;
}

std::optional<std::uint64_t> heap::name_of(const void* address) const noexcept {
    const auto* where = static_cast<const std::byte*>(address);
    for (std::size_t i = 0; i < arenas_.size(); ++i) {
        const std::byte* const base = arenas_[i].memory.get();
        if (base == nullptr || std::less<>{}(where, base) ||
            std::less<>{}(base + bytes_per_thread, where))
            continue;
        return 1ULL << 63U | static_cast<std::uint64_t>(i) << 32U |
               static_cast<std::uint64_t>(where - base);
    }
    return std::nullopt;
}

void* heap::address_of(std::uint64_t name) const noexcept {
    const std::size_t i = name >> 32U & 0xffU;
    return arenas_[i].memory.get() + static_cast<std::uint32_t>(name);
}

block* heap::find(const void* address) noexcept {
    if (blocks_made_ == 0) return nullptr;
    const auto* where = static_cast<const std::byte*>(address);
    for (arena& a : arenas_) {
        if (!a.memory || std::less<>{}(where, a.memory.get()) ||
            !std::less<>{}(where, a.memory.get() + a.used))
            continue;
        for (std::size_t i = a.used_blocks; i-- > 0;)
            if (!std::less<>{}(where, a.blocks[i]->base))
                return where < a.blocks[i]->base + a.blocks[i]->size ? a.blocks[i].get() : nullptr;
    }
    return nullptr;
}

}  // namespace pidmap_stress::explore
