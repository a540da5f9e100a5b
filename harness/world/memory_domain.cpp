#include "harness/world/memory_domain.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <new>
#include <vector>

#include <fmt/format.h>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/read_side.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress::memory_domain {
namespace {

constexpr std::size_t block_size = 4096;
constexpr std::size_t region_blocks = std::size_t{1} << 22;  // 16 GiB of addresses, not of memory
constexpr std::size_t chunk_blocks = 64;
/// How many ended objects a worker keeps before it uses the oldest one's memory again.
constexpr std::size_t quarantine_length = 32;

/// The same for objects of many blocks. They are never poisoned, always inaccessible.
constexpr std::size_t large_quarantine_length = 4;

/// This many ended objects of each worker are made inaccessible before only a sample is.
constexpr std::uint32_t always_guarded = 16;

enum class state : std::uint8_t { unused, live, retired, poisoned, guarded };

struct block {
    std::atomic<state> now{state::unused};
    object_kind kind{};
    /// Which block of its object it is.
    std::uint32_t number = 0;
    /// Atomic: two workers that release one namespace both read it.
    std::atomic<release_record*> owner{nullptr};
};

/// Ended objects of one size that is more than a block.
struct large_objects {
    std::size_t blocks = 0;
    std::deque<std::byte*> quarantine{};
};

/// What belongs to one worker alone.
struct alignas(64) worker_part {
    std::vector<std::byte*> free;  ///< Of one block each.
    std::vector<large_objects> large;
    std::deque<std::byte*> quarantine;
    object_counts counts;
    rng guards;
    std::uint32_t guarded = 0;
};

struct domain {
    settings how;
    std::byte* region = nullptr;
    block* blocks = nullptr;
    std::atomic<std::size_t> next_block{0};
    std::array<worker_part, identity_slots> parts;
};

/// Never destroyed: a worker may still be in here when the process ends.
domain& the_domain = *new domain;  // NOLINT: see above

[[nodiscard]] worker_part& my_part() noexcept {
    return the_domain.parts[self.slot];
}

[[nodiscard]] block& block_of(const void* memory) noexcept {
    const auto offset =
        static_cast<std::size_t>(static_cast<const std::byte*>(memory) - the_domain.region);
    return the_domain.blocks[offset / block_size];
}

[[nodiscard]] bool injected_failure() noexcept {
    if (self.fail_in != 0 && --self.fail_in == 0) return true;
    return self.fail_one_in != 0 && self.faults.one_in(self.fail_one_in);
}

/// A block as it looks if nothing has touched it since it ended.
const auto untouched = [] {
    std::array<unsigned char, block_size> bytes{};
    bytes.fill(poison_byte);
    return bytes;
}();

void report_touched(const std::byte* memory) noexcept {
    if (std::memcmp(memory, untouched.data(), block_size) == 0) [[likely]]
        return;
    const std::byte* const touched = std::find_if(
        memory, memory + block_size, [](std::byte b) { return b != std::byte{poison_byte}; });
    std::array<char, 160> text{};
    const auto written = fmt::format_to_n(text.data(), text.size(),
                                          "a released {} was written to afterwards, at its byte {}",
                                          to_string(block_of(memory).kind), touched - memory);
    report(invariant::no_use_after_release, {text.data(), std::min(written.size, text.size())});
}

[[nodiscard]] bool makes_objects(const worker_part& part) noexcept {
    return std::ranges::any_of(part.counts.created, [](std::uint64_t count) { return count != 0; });
}

/// Memory of the oldest ended object, fit for use again.
[[nodiscard]] std::byte* leave_quarantine(worker_part& mine) noexcept {
    std::byte* const memory = mine.quarantine.front();
    mine.quarantine.pop_front();
    block& which = block_of(memory);
    if (which.now.load(std::memory_order::relaxed) == state::guarded) {
        if (::mprotect(memory, block_size, PROT_READ | PROT_WRITE) != 0) return nullptr;
    } else {
        report_touched(memory);
    }
    which.now.store(state::unused, std::memory_order::relaxed);
    return memory;
}

/// Fresh blocks from the region; nullptr if it is used up.
[[nodiscard]] std::byte* fresh_blocks(std::size_t count) noexcept {
    const std::size_t first = the_domain.next_block.fetch_add(count, std::memory_order::relaxed);
    if (first + count > region_blocks) return nullptr;
    std::byte* const memory = the_domain.region + first * block_size;
    if (::mprotect(memory, count * block_size, PROT_READ | PROT_WRITE) != 0) return nullptr;
    return memory;
}

[[nodiscard]] std::byte* one_block() noexcept {
    worker_part& mine = my_part();
    if (mine.quarantine.size() > quarantine_length)
        if (std::byte* const memory = leave_quarantine(mine)) return memory;
    if (mine.free.empty()) {
        std::byte* const memory = fresh_blocks(chunk_blocks);
        if (memory == nullptr) return nullptr;
        for (std::size_t i = chunk_blocks; i > 0; --i)
            mine.free.push_back(memory + (i - 1) * block_size);
    }
    std::byte* const memory = mine.free.back();
    mine.free.pop_back();
    return memory;
}

[[nodiscard]] large_objects& large_of(worker_part& part, std::size_t blocks) {
    for (large_objects& one : part.large)
        if (one.blocks == blocks) return one;
    return part.large.emplace_back(large_objects{.blocks = blocks});
}

[[nodiscard]] std::byte* several_blocks(std::size_t count) noexcept {
    auto& ended = large_of(my_part(), count).quarantine;
    if (ended.size() <= large_quarantine_length) return fresh_blocks(count);
    std::byte* const memory = ended.front();
    ended.pop_front();
    if (::mprotect(memory, count * block_size, PROT_READ | PROT_WRITE) != 0) return nullptr;
    for (std::size_t n = 0; n < count; ++n)
        (&block_of(memory))[n].now.store(state::unused, std::memory_order::relaxed);
    return memory;
}

[[nodiscard]] constexpr std::size_t blocks_of(std::size_t bytes) noexcept {
    return (bytes + block_size - 1) / block_size;
}

/// Under sanitizers the owner is written in front of the object.
constexpr std::size_t prefix = 64;
[[nodiscard]] std::atomic<release_record*>& owner_of(void* memory) noexcept {
    if constexpr (under_sanitizer)
        return *reinterpret_cast<std::atomic<release_record*>*>(static_cast<std::byte*>(memory) -
                                                                prefix);
    else
        return block_of(memory).owner;
}

/// Whether the object is known to have been retired already. Sanitizers notice that themselves.
[[nodiscard]] bool retired_before(void* memory) noexcept {
    if constexpr (under_sanitizer) return false;
    // Relaxed: this observes, and must order nothing.
    return block_of(memory).now.exchange(state::retired, std::memory_order::relaxed) != state::live;
}

void tell_released_again(object_kind kind, const release_record* which) noexcept {
    std::array<char, 96> text{};
    const auto written = fmt::format_to_n(text.data(), text.size(), "{}{}{} was released again",
                                          which == nullptr ? "a " : "", to_string(kind),
                                          which == nullptr ? "" : fmt::format(" {}", which->id));
    report(invariant::released_once, {text.data(), std::min(written.size, text.size())});
}

}  // namespace

std::string_view to_string(object_kind kind) noexcept {
    constexpr std::array<std::string_view, object_kinds> names{"namespace", "page of bits",
                                                               "pid object", "part of a pid table"};
    return names[static_cast<std::size_t>(kind)];
}

bool open(const settings& how) noexcept {
    the_domain.how = how;
    for (std::size_t i = 0; i < identity_slots; ++i)
        the_domain.parts[i].guards = rng(split(0x9a4d, i));
    if constexpr (under_sanitizer) return true;
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* const region = ::mmap(nullptr, region_blocks * block_size, PROT_NONE, flags, -1, 0);
    void* const blocks =
        ::mmap(nullptr, region_blocks * sizeof(block), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (region == MAP_FAILED || blocks == MAP_FAILED) return false;
    the_domain.region = static_cast<std::byte*>(region);
    the_domain.blocks = static_cast<block*>(blocks);  // Zero: a block is unused.
    return true;
}

void* take(std::size_t bytes, object_kind kind) noexcept {
    if (injected_failure()) return nullptr;
    const auto k = static_cast<std::size_t>(kind);
    if constexpr (under_sanitizer) {
        auto* const raw = static_cast<std::byte*>(
            ::operator new(bytes + prefix, std::align_val_t{prefix}, std::nothrow));
        if (raw == nullptr) return nullptr;
        new (raw) std::atomic<release_record*>(nullptr);
        ++my_part().counts.created[k];
        return raw + prefix;
    }
    std::byte* const memory = bytes <= block_size ? one_block() : several_blocks(blocks_of(bytes));
    if (memory == nullptr) return nullptr;
    block& which = block_of(memory);
    which.kind = kind;
    which.owner.store(nullptr, std::memory_order::relaxed);
    which.now.store(state::live, std::memory_order::relaxed);
    ++my_part().counts.created[k];
    return memory;
}

void give_back(void* memory, std::size_t bytes, object_kind kind) noexcept {
    worker_part& mine = my_part();
    ++mine.counts.destroyed[static_cast<std::size_t>(kind)];
    if constexpr (under_sanitizer) {
        ::operator delete(static_cast<std::byte*>(memory) - prefix, std::align_val_t{prefix});
        return;
    }
    block& which = block_of(memory);
    // Always the first ones: where little is released, each release counts.
    const bool guard = bytes > block_size || mine.guarded < always_guarded ||
                       mine.guards.one_in(the_domain.how.guard_one_in);
    if (guard) {
        ++mine.guarded;
        const std::size_t blocks = blocks_of(bytes);
        for (std::size_t n = 0; n < blocks; ++n) {
            block& part = (&which)[n];
            part.kind = kind;
            part.number = static_cast<std::uint32_t>(n);
            part.now.store(state::guarded, std::memory_order::relaxed);
        }
        ::mprotect(memory, blocks * block_size, PROT_NONE);
        if (bytes > block_size)
            return large_of(mine, blocks).quarantine.push_back(static_cast<std::byte*>(memory));
    } else {
        std::memset(memory, poison_byte, block_size);
        which.now.store(state::poisoned, std::memory_order::relaxed);
    }
    mine.quarantine.push_back(static_cast<std::byte*>(memory));
}

void set_owner(void* memory, release_record* owner) noexcept {
    owner_of(memory).store(owner, std::memory_order::relaxed);
}

void retire(void* memory, void (*end)(void*) noexcept, object_kind kind) noexcept {
    release_record* const owner = owner_of(memory).load(std::memory_order::relaxed);
    if (owner == nullptr || owner->shared) {
        if (retired_before(memory)) return tell_released_again(kind, nullptr);
    } else if (owner->releases.fetch_add(1, std::memory_order::relaxed) != 0) {
        // Relaxed: this observes, and must order nothing.
        return tell_released_again(kind, owner);
    }
    if (owner != nullptr) {
        if (owner->unpublish != nullptr) owner->unpublish(*owner);
        if (self.releases.open()) self.releases.note(owner);
    }
    if (kind == object_kind::pid_namespace && self.releases.open() &&
        self.releases.note_depth(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))))
        report(invariant::bounded_stack,
               "a call that releases a chain of namespaces needs more stack for each of them");
    if (the_domain.how.deferred_release || kind == object_kind::pid_object)
        read_side::defer(memory, end);
    else
        end(memory);
}

void inspect_quarantine() noexcept {
    if constexpr (under_sanitizer) return;
    // The worker that ends an object is often not the one that makes them: the reclaimer makes
    // none. So blocks that have been in quarantine for long go to the workers that make objects, in
    // turn.
    std::size_t next = 0;
    const auto next_maker = [&next]() -> worker_part& {
        do next = (next + 1) % identity_slots;
        while (!makes_objects(the_domain.parts[next]) && &the_domain.parts[next] != &my_part());
        return the_domain.parts[next];
    };
    for (large_objects& ended : the_domain.parts[reclaimer_slot].large)
        for (; ended.quarantine.size() > large_quarantine_length; ended.quarantine.pop_front())
            large_of(next_maker(), ended.blocks).quarantine.push_back(ended.quarantine.front());
    for (worker_part& part : the_domain.parts) {
        for (std::byte* const memory : part.quarantine)
            if (block_of(memory).now.load(std::memory_order::relaxed) == state::poisoned)
                report_touched(memory);
        while (part.quarantine.size() > quarantine_length)
            if (std::byte* const memory = leave_quarantine(part))
                next_maker().free.push_back(memory);
    }
}

object_counts counts() noexcept {
    object_counts sum;
    for (const worker_part& part : the_domain.parts)
        for (std::size_t k = 0; k < object_kinds; ++k) {
            sum.created[k] += part.counts.created[k];
            sum.destroyed[k] += part.counts.destroyed[k];
        }
    return sum;
}

address_report explain(const void* address) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto region = reinterpret_cast<std::uintptr_t>(the_domain.region);
    if (region == 0 || at < region || at >= region + region_blocks * block_size) return {};
    const std::size_t index = (at - region) / block_size;
    const block& which = the_domain.blocks[index];
    return {.ended = which.now.load(std::memory_order::relaxed) == state::guarded,
            .kind = which.kind,
            .offset = which.number * block_size + (at - region) % block_size};
}

}  // namespace pidmap_stress::memory_domain
