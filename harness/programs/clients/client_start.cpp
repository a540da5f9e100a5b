#include "harness/programs/clients/client_start.hpp"

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

/// One state after another, each as its discipline requires.
class start_builder {
public:
    start_builder(const client_kind& kind, unsigned threads)
        : kind_(kind), threads_(static_cast<pid_nr>(threads)) {
        s_ = {.how = kind.how, .bits = kind.bits, .last = 0};
        s_.pid_max = s_.highest_pid_max();
        s_.threads.resize(threads);
    }
    [[nodiscard]] script finish() { return std::move(s_); }

    void fresh() {
        if (is_member()) {
            seat(1);
            s_.last = threads_;
        }
        s_.threads[0].is_creator = kind_.how == discipline::lookup;  // Otherwise nothing keeps it.
    }
    void about_to_empty() {
        if (is_member()) seat(0);
        s_.threads[0].holds = {{.nr = bits()}};
        s_.last = bits();
    }
    void full_but_one() {
        fill(s_.pid_max - 1);
        if (is_member())
            seat(1);
        else
            s_.threads[0].holds = {{.nr = 1}};
        s_.before.push_back({.what = free, .which = is_member() ? unsigned(threads_) : 1});
    }
    void about_to_wrap() {
        if (is_member()) seat(1);
        if (kind_.how == discipline::lookup) s_.threads[0].holds = {{.nr = 1}};
        s_.reserved = kind_.reserved;
        s_.pid_max -= 1;
        s_.last = s_.pid_max - 1;
    }
    void full() {
        s_.reserved = kind_.reserved;
        fill(s_.pid_max - 1);
        // What a search finds in a full map that one pid leaves: behind a wrap, ahead of it on its
        // own page, and on that page again, before where it began.
        free_and_find(s_.reserved - 1);
        free_and_find(bits() + 1 - 2);
        free_and_find(bits() - 2);
        s_.threads[0].holds = {{.nr = s_.reserved}};
        // The last one of each page is another border.
        if (threads_ > 1) s_.threads[1].holds = {{.nr = s_.pid_max - 1}};
        if (threads_ > 2) s_.threads[2].holds = {{.nr = bits()}};
    }
    void without_memory() {
        fresh();
        s_.last = bits() - 1;
        may_find_no_memory();
    }
    void in_child() {
        s_.before.push_back({.what = create});
        if (!is_member()) return;
        fill(threads_, 1);
        seat(1, 1);
    }
    void full_parent() {
        in_child();
        const pid_nr used = is_member() ? threads_ : 0;
        fill(s_.pid_max - 1 - used);
        s_.before.push_back({.what = free, .which = static_cast<unsigned>(used)});
    }
    void objects() {
        const pid_nr made = is_member() ? threads_ : 1;
        for (pid_nr nr = 1; nr <= made; ++nr) {
            s_.before.push_back({.what = make});
            s_.threads[static_cast<std::size_t>(nr) - 1].holds = {{.nr = nr}};
        }
        may_find_no_memory();
    }
    void many_references() {
        fresh();
        s_.before.assign(300, {.what = get});
    }
    void creating() {
        fresh();
        may_find_no_memory();
    }

private:
    void may_find_no_memory() { s_.threads[0].failures = 1; }
    [[nodiscard]] bool is_member() const noexcept { return kind_.how == discipline::member; }
    [[nodiscard]] pid_nr bits() const noexcept { return static_cast<pid_nr>(kind_.bits); }
    void fill(pid_nr pids, unsigned in = 0) {
        s_.before.insert(s_.before.end(), static_cast<std::size_t>(pids),
                         {.what = alloc, .in = in});
    }
    /// \param which  Of the set-up's pids, oldest first.
    void free_and_find(pid_nr which) {
        s_.before.push_back({.what = free, .which = static_cast<unsigned>(which)});
        fill(1);
    }
    /// Each thread holds a pid of its own, from `first` on.
    void seat(pid_nr first, unsigned in = 0) {
        for (pid_nr t = 0; t < threads_; ++t)
            s_.threads[static_cast<std::size_t>(t)].holds = {{.nr = first + t, .in = in}};
    }

    const client_kind& kind_;
    pid_nr threads_;
    script s_;
};

}  // namespace

std::string_view to_string(client_family which) noexcept {
    return which == client_family::pids ? "pids" : "nested";
}

client_family family_of(client_start which) noexcept {
    return which >= client_start::creating ? client_family::nested : client_family::pids;
}

std::optional<script> start_of(const client_kind& kind, client_start from, unsigned threads) {
    // Three that may find no memory have millions of executions too.
    if (from == client_start::without_memory && threads > 2) return std::nullopt;
    if (from >= client_start::closing && (!kind.nests || kind.how == discipline::lookup))
        return std::nullopt;
    // Three threads that each allocate at two levels have millions of executions. What takes three
    // is one that ends an object and two that look it up.
    if (family_of(from) == client_family::nested && from != client_start::objects && threads > 2)
        return std::nullopt;
    using builder = start_builder;
    static constexpr std::array<void (builder::*)(), client_starts.size()> builders{
        &builder::fresh,           &builder::about_to_empty, &builder::full_but_one,
        &builder::about_to_wrap,   &builder::full,           &builder::without_memory,
        &builder::many_references, &builder::fresh,          &builder::creating,
        &builder::in_child,        &builder::full_parent,    &builder::objects};
    start_builder made(kind, threads);
    (made.*builders[static_cast<std::size_t>(from)])();
    return made.finish();
}

}  // namespace pidmap_stress::explore
