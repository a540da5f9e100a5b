#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "harness/explorer/model/vector_clock.hpp"

namespace pidmap_stress::explore {

/// A block of shared memory. Its accesses are remembered as far as its release must follow them.
struct block {
    struct guarded_access {  ///< Inside a read-side critical section.
        unsigned thread;
        unsigned po;
        unsigned section;  ///< Where the section began.
    };
    enum class state : std::uint8_t { live, destroyed, retired };

    std::byte* base = nullptr;
    std::size_t size = 0;
    unsigned owner = 0;   ///< The thread that made it.
    unsigned number = 0;  ///< Among its owner's blocks.
    state is = state::live;
    unsigned freed_by = 0;
    unsigned freed_at = 0;
    unsigned freed_in_section = 0;  ///< Which of the thread's sections, from 1; 0: in none.
    vector_clock before_free{};
    vector_clock accessed{};
    std::vector<guarded_access> guarded{};
};

/// Memory for the run of one execution. Addresses depend on (thread, how many blocks and how large
/// they were) alone, so that pointers mean the same whenever a run repeats. Nothing is used again
/// before the run ends, so that a use after free is seen and does no harm.
class heap {
public:
    static constexpr std::size_t bytes_per_thread = std::size_t{1} << 20U;

    /// Forgets all blocks.
    void reset() noexcept;
    /// \return nullptr if the thread's memory is used up.
    [[nodiscard]] block* allocate(unsigned thread, std::size_t size, std::size_t alignment);
    /// The block that an address lies in, or nullptr.
    [[nodiscard]] block* find(const void* address) noexcept;
    /// What an address is called in every heap, and the address that is called so in this one. The
    /// names are no addresses of any program.
    [[nodiscard]] std::optional<std::uint64_t> name_of(const void* address) const noexcept;
    [[nodiscard]] void* address_of(std::uint64_t name) const noexcept;
    [[nodiscard]] static bool is_name(std::uint64_t bits) noexcept { return bits >> 62U == 2; }
    [[nodiscard]] bool empty() const noexcept { return blocks_made_ == 0; }
    [[nodiscard]] std::size_t blocks_made() const noexcept { return blocks_made_; }
    /// Calls `visit(block)` on all blocks.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const arena& a : arenas_)
            for (std::size_t i = 0; i < a.used_blocks; ++i) visit(std::as_const(*a.blocks[i]));
    }

private:
    /// Aligned, so that offsets are the same in every heap.
    static constexpr std::align_val_t arena_alignment{4096};
    struct aligned_delete {
        void operator()(std::byte* memory) const noexcept {
            ::operator delete[](memory, arena_alignment);
        }
    };
    struct arena {
        std::unique_ptr<std::byte[], aligned_delete> memory;
        std::size_t used = 0;
        std::vector<std::unique_ptr<block>> blocks;
        std::size_t used_blocks = 0;
    };
    std::array<arena, max_threads> arenas_;
    std::size_t blocks_made_ = 0;
};

}  // namespace pidmap_stress::explore
