// Plain cells and memory: nothing of theirs is in the graph. They are checked against
// happens-before once in each execution, in whatever order its threads run.

#include <vector>

#include "harness/explorer/model/wide_names.hpp"
#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {

// --- Cells --------------------------------------------------------------------------------------

void machine::touch_late(unsigned thread, location_id where, unsigned po) {
    // Names cost memory: nothing has one before it is needed.
    const auto user = [&] {
        return party{.does = "uses", .what = name_of(where), .step = observed_};
    };
    if (walks_) {
        if (!memory_.is_made(where) || !memory_.was_made_before(where, thread)) must_have_graph();
    } else {
        const graph& g = *graph_;
        const event_id first = g.first(where);
        if (first == no_event) {
            clash(finding_kind::data_race, name_of(where) + " is used before it is made", user(),
                  {.does = "makes it later"});
            return;
        }
        if (g[first].thread != thread && !g.contains(g.happened_before(thread, po), first))
            clash(finding_kind::data_race, name_of(where) + " is used, and not after it was made",
                  user(), {.thread = g[first].thread, .does = "makes", .what = name_of(where)});
    }
    if (cells_[where].in != nullptr) touch_block(thread, *cells_[where].in, po);
}

/// Pairs of accesses of a cell that is not atomic and whose accesses are events.
void machine::check_nonatomic_races() {
    const graph& g = *graph_;
    for (event_id a = 1; a <= g.size(); ++a) {
        if (g[a].kind == event_kind::fence || g[a].kind == event_kind::choice) continue;
        const location_id where = g[a].location;
        if (where >= cells_.size() || cells_[where].atomic) continue;
        for (event_id b = 1; b < a; ++b) {
            if (g[b].kind == event_kind::fence || g[b].kind == event_kind::choice) continue;
            if (g[b].location != where || g[a].thread == g[b].thread) continue;
            if (g[a].is_read() && g[b].is_read()) continue;
            if (!g[a].nonatomic && !g[b].nonatomic) continue;
            if (g.contains(g.happens_before(a), b) || g.contains(g.happens_before(b), a)) continue;
            const auto side = [&](event_id e) {
                return party{.thread = g[e].thread,
                             .does = g[e].is_write() ? "writes" : "reads",
                             .what = name_of(where),
                             .step = step_of(e)};
            };
            record({.kind = finding_kind::data_race,
                    .what = "unordered accesses to " + name_of(where),
                    .thread = g[a].thread,
                    .parties = {side(a), side(b)}});
        }
    }
}

// --- Plain cells --------------------------------------------------------------------------------

std::uint32_t machine::make_plain(const void* address, std::uint64_t value, const char* name) {
    const engine_call here(*this);
    plain_record& made = plains_.emplace_back(
        plain_record{.address = address, .in = heap_.find(address), .value = value, .name = name});
    if (in_threads()) {
        const unsigned t = self();
        made.writer = static_cast<std::uint16_t>(t);
        made.written_at = static_cast<std::uint16_t>(threads_[t].cursor);
    }
    return static_cast<std::uint32_t>(plains_.size() - 1);
}

void machine::name_plain(std::uint32_t cell, const char* name) {
    const engine_call here(*this);
    if (cell >= plains_.size()) [[unlikely]]
        leave_without_cell(__builtin_return_address(0));
    plains_[cell].name = name;
}

void machine::plain_access(std::uint32_t cell, const plain_request& request) {
    const engine_call here(*this);
    if (cell >= plains_.size()) [[unlikely]]
        leave_without_cell(__builtin_return_address(0));
    if (!in_threads()) {
        plains_[cell].value = request.value;
        return;
    }
    const unsigned t = self();
    thread_state& s = threads_[t];
    plain_record& record = plains_[cell];
    const unsigned po = s.cursor;
    s.plain_at = po;
    const vector_clock before = happens_before_next(t);
    // An access stands before its thread's next event: whoever follows that event follows it.
    unsigned racing = 0;  // Whom with; at first, whoever wrote.
    bool with_write = true;
    if (record.writer != 0 && record.writer != t &&
        !before.contains(record.writer, record.written_at))
        racing = record.writer;
    if (request.writes) {
        for (unsigned u = 1; u <= thread_count_ && racing == 0; ++u) {
            const auto reads = static_cast<unsigned>(record.reads.of(u));
            if (u == t || reads == 0 || before.contains(u, reads - 1)) continue;
            racing = u;
            with_write = false;
        }
        record.writer = static_cast<std::uint16_t>(t);
        record.written_at = static_cast<std::uint16_t>(po);
        record.value = request.comparable ? request.value : histories_[t];
        if (!request.comparable || request.value != request.old_value) note_effect(s);
        if (watches_rounds_) watch_plain_write(request);
    } else {
        record.reads.set(t, po + 1);
        remember(t, record.value);
    }
    if (racing != 0) [[unlikely]] {
        const std::string name = record.name == nullptr ? "a plain variable" : record.name;
        clash(finding_kind::data_race, "unordered accesses to " + name,
              {.does = request.writes ? "writes" : "reads", .what = name, .step = observed_},
              {.thread = racing,
               .does = with_write ? "writes" : "reads",
               .what = name,
               .step = last_access(request.address, racing, with_write)});
    }
    note_access(request.address, t, request.writes);
    if (record.in != nullptr) touch_block(t, *record.in, po);
    if (observer_ != nullptr)
        observe({.thread = t,
                 .kind = request.writes ? step_kind::plain_write : step_kind::plain_read,
                 .cell = record.name == nullptr ? "plain variable" : record.name,
                 // Where it lies is its name: it is no cell of the graph, and has no number.
                 .location = static_cast<location_id>(to_value(request.address)),
                 .site = __builtin_return_address(0)},
                request.value);
}

// --- Memory -------------------------------------------------------------------------------------

namespace {
/// Marks an offset in the program's state, as no address does.
constexpr std::uint64_t in_state = 1ULL << 62U;
}  // namespace

std::uint64_t machine::to_value(const void* pointer) const noexcept {
    if (pointer == nullptr) return 0;
    if (const auto name = heap_.name_of(pointer)) return *name;
    const std::span<const std::byte> state = instance_->memory();
    const auto first = reinterpret_cast<std::uintptr_t>(state.data());
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    if (!state.empty() && address >= first && address <= first + state.size())
        return in_state | (address - first);
    return address;
}

std::uint64_t machine::to_wide_name(std::array<std::uint64_t, 2> words) {
    const engine_call here(*this);
    wide_value value{.words = words};
    for (unsigned i = 0; i < words.size(); ++i) {
        // Only the program knows what is a pointer. What looks like one is called by its place, and
        // comes back as the same bits.
        const std::uint64_t place = to_value(reinterpret_cast<const void*>(words[i]));
        if (place == words[i]) continue;
        value.words[i] = place;
        value.pointers |= 1U << i;
    }
    return wide_names::of_all().name_of(value);
}

std::array<std::uint64_t, 2> machine::to_wide_value(std::uint64_t name) {
    const engine_call here(*this);
    wide_value value = wide_names::of_all().value_of(name);
    for (unsigned i = 0; i < value.words.size(); ++i)
        if ((value.pointers >> i & 1U) != 0)
            value.words[i] = reinterpret_cast<std::uintptr_t>(to_pointer(value.words[i]));
    return value.words;
}

void* machine::to_pointer(std::uint64_t value) const noexcept {
    if (heap::is_name(value)) return heap_.address_of(value);
    if (value >> 62U == 1) {
        const auto first = reinterpret_cast<std::uintptr_t>(instance_->memory().data());
        return reinterpret_cast<void*>(first + (value & ~in_state));
    }
    return reinterpret_cast<void*>(value);
}

bool machine::wakes_spuriously() {
    if (!in_threads()) return false;
    thread_state& s = threads_[self()];
    if (s.wake_ups_left == 0 || choose(2) == 0) return false;
    --s.wake_ups_left;
    return true;
}

void* machine::allocate(std::size_t size, std::size_t alignment) {
    const engine_call here(*this);
    const unsigned t = in_threads() ? self() : 0;
    thread_state& s = threads_[t];
    if (s.failures_left > 0 && choose(2) == 1) {
        --s.failures_left;
        return nullptr;
    }
    note_effect(s);
    block* b = heap_.allocate(t, size, alignment);
    if (b != nullptr && observer_ != nullptr && in_threads())
        observe({.thread = t, .kind = step_kind::create, .cell = "memory"}, b->number);
    return b == nullptr ? nullptr : b->base;
}

void machine::touch_block(unsigned thread, block& b, unsigned po) {
    if (thread == 0) return;
    const thread_state& s = threads_[thread];
    if (b.is == block::state::live) {
        note_access(&b, thread, false);
        b.accessed.set(thread, po + 1);
        if (s.section_depth > 0)
            b.guarded.push_back({.thread = thread, .po = po, .section = s.section_begin});
        else  // A release that this one does not happen before is wrong, whatever came earlier.
            std::erase_if(b.guarded, [&](const auto& a) { return a.thread == thread; });
        return;
    }
    if (thread != b.freed_by && b.before_free.contains(thread, po)) return;
    // A grace period waits for the section that it was asked for in, and for others that cannot
    // have begun after it did.
    if (b.is == block::state::retired && s.section_depth > 0) {
        must_have_graph();
        if (thread == b.freed_by) {
            if (s.sections == b.freed_in_section) return;
        } else if (!graph_->happened_before(thread, s.section_begin)
                        .contains(b.freed_by, b.freed_at) &&
                   shields(thread, s.section_begin, b.before_free)) {
            return;
        }
    }
    clash(finding_kind::use_after_free, "memory is used, and not before its release",
          {.does = "uses", .what = name_of(b), .step = observed_},
          {.thread = b.freed_by,
           .does = "releases",
           .what = name_of(b),
           .step = last_access(&b, b.freed_by, true)});
}

/// As a party has it.
std::string machine::name_of(const block& b) {
    return "memory " + std::to_string(b.owner) + "." + std::to_string(b.number);
}

/// Whether a read-side critical section surely began before a grace period did: if it had begun
/// after retire(), all that happens before retire() would happen before all that follows the
/// section's begin, and coherence forbids that.
bool machine::shields(unsigned thread, unsigned section, const vector_clock& retired) const {
    const graph& g = *graph_;
    for (unsigned po = section; po < g.length(thread); ++po)
        if (is_overtaken(g.at(thread, po), retired)) return true;
    // What the section let others know counts as well. It is seldom needed.
    for (event_id e = 1; e <= g.size(); ++e)
        if (g[e].thread != thread && g.happens_before(e).contains(thread, section) &&
            is_overtaken(e, retired))
            return true;
    return false;
}

/// Whether an access that coherence orders after `e`, a relaxed read as well, is in `retired`.
bool machine::is_overtaken(event_id e, const vector_clock& retired) const {
    const graph& g = *graph_;
    if (!g[e].is_read() && !g[e].is_write()) return false;
    const auto among = [&](event_id access) { return g.contains(retired, access); };
    const auto is_read_among = [&](event_id write) {
        for (event_id r = g[write].readers; r != no_event; r = g[r].next_reader)
            if (among(r)) return true;
        return false;
    };
    if (g[e].is_write() && is_read_among(e)) return true;
    const event_id from = g[e].is_read() ? g[e].rf : e;
    if (from == no_event) return false;
    for (event_id w = g[from].after; w != no_event; w = g[w].after)
        if (among(w) || is_read_among(w)) return true;
    return false;
}

bool machine::begin_release(void* object, bool deferred) {
    const engine_call here(*this);
    block* b = heap_.find(object);
    if (b == nullptr || b->base != object) {
        fail(finding_kind::double_free, "release of what is no object", std::nullopt);
        return false;
    }
    if (b->is != block::state::live) {
        clash(finding_kind::double_free, "memory is released twice",
              {.does = "releases", .what = name_of(*b), .step = observed_},
              {.thread = b->freed_by,
               .does = "releases",
               .what = name_of(*b),
               .step = last_access(b, b->freed_by, true)});
        observe_release(*b, deferred, __builtin_return_address(0));
        return false;
    }
    // What a retired object's destructor destroys, its readers may still look at, too.
    if (deferred) ++threads_[in_threads() ? self() : 0].deferred_releases;
    return true;
}

void machine::end_release(void* object, bool deferred) {
    const engine_call here(*this);
    block& b = *heap_.find(object);
    const unsigned t = in_threads() ? self() : 0;
    thread_state& s = threads_[t];
    b.is = s.deferred_releases > 0 ? block::state::retired : block::state::destroyed;
    if (deferred) --s.deferred_releases;
    if (!in_threads()) return;
    note_effect(s);
    b.freed_by = t;
    b.freed_at = s.cursor;
    b.freed_in_section = s.section_depth > 0 ? s.sections : 0;
    b.before_free = happens_before_next(t);
    unsigned user = 0;  // Whose last access is not ordered before this.
    for (unsigned u = 1; u <= thread_count_; ++u) {
        const auto accesses = static_cast<unsigned>(b.accessed.of(u));
        if (u == t || accesses == 0 || b.before_free.contains(u, accesses - 1)) continue;
        if (b.is == block::state::retired) {
            // The last access is in `guarded` only if it was inside a section.
            bool all_shielded = false;
            for (const block::guarded_access& a : b.guarded) {
                if (a.thread != u || b.before_free.contains(u, a.po)) continue;
                must_have_graph();
                const bool shielded =
                    !graph_->happened_before(u, a.section).contains(t, b.freed_at) &&
                    shields(u, a.section, b.before_free);
                if (!shielded) user = u;
                if (a.po + 1 == accesses) all_shielded = shielded;
            }
            if (!all_shielded) user = u;
        } else {
            user = u;
        }
    }
    if (user != 0)
        clash(finding_kind::use_after_free, "memory is used, and not before its release",
              {.does = "releases", .what = name_of(b), .step = observed_},
              {.thread = user,
               .does = "uses",
               .what = name_of(b),
               .step = last_access(&b, user, false)});
    note_access(&b, t, true);
    observe_release(b, b.is == block::state::retired, __builtin_return_address(0));
}

void machine::observe_release(const block& b, bool deferred, const void* site) {
    if (observer_ == nullptr || !in_threads()) return;
    observe({.thread = self(),
             .kind = deferred ? step_kind::retire : step_kind::destroy,
             .cell = "memory",
             .location = b.owner,  // Who made it: block numbers are each thread's own.
             .site = site},
            b.number);
}

/// A destructor of what is retired runs here at once, and in the world when the grace period ends.
/// What a reader that this period waits for stores there meanwhile, it would still have released.
bool machine::is_left_to_a_grace_period(const block& b) const {
    if (walks_) return false;  // It is run again with a graph, and asked there.
    const graph& g = *graph_;
    const std::uint64_t name = to_value(b.base);
    for (location_id where = 0; where < cells_.size(); ++where) {
        const block* const in = cells_[where].in;
        if (in == nullptr || in->is != block::state::retired || g.first(where) == no_event)
            continue;
        const event_id newest = g.newest(where);
        if (g[newest].value == name && !g.contains(in->before_free, newest)) return true;
    }
    return false;
}

void machine::check_leaks() {
    if (heap_.empty()) return;
    std::size_t leaked = 0;
    heap_.for_each([&](const block& b) {
        if (b.is == block::state::live && !is_left_to_a_grace_period(b)) ++leaked;
    });
    if (leaked > 0)
        record({.kind = finding_kind::leak,
                .what = std::to_string(leaked) + " objects were never released"});
}

void machine::enter_section() {
    const engine_call here(*this);
    if (!in_threads()) return;
    thread_state& s = threads_[self()];
    had_sections_ = true;
    if (s.section_depth++ == 0) {
        s.section_begin = s.cursor;
        ++s.sections;
    }
    if (observer_ != nullptr)
        observe({.thread = self(), .kind = step_kind::enter_section, .cell = "section"}, 0);
}

void machine::leave_section() {
    const engine_call here(*this);
    if (!in_threads()) return;
    --threads_[self()].section_depth;
    if (observer_ != nullptr)
        observe({.thread = self(), .kind = step_kind::leave_section, .cell = "section"}, 0);
}

}  // namespace pidmap_stress::explore
