#include "harness/programs/clients/clients.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "harness/base/rng.hpp"

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

/// \return nothing if there is no such state under the discipline.
[[nodiscard]] std::optional<script> start_of(const client_kind& kind, client_start from,
                                             unsigned threads) {
    const auto bits = static_cast<pid_nr>(kind.bits);
    const auto members = static_cast<pid_nr>(threads);
    const bool is_member = kind.how == discipline::member;
    const bool is_lookup = kind.how == discipline::lookup;
    script s{.how = kind.how, .bits = kind.bits, .last = 0};
    s.pid_max = s.highest_pid_max();
    s.threads.resize(threads);
    const auto seat = [&](pid_nr first) {
        for (pid_nr t = 0; t < members; ++t)
            s.threads[static_cast<std::size_t>(t)].holds = {{.nr = first + t}};
    };
    switch (from) {
        case client_start::closing:
            if (is_lookup || !kind.closes) return std::nullopt;
            [[fallthrough]];
        case client_start::many_references:
        case client_start::fresh:
            if (is_member) {
                seat(1);
                s.last = members;
            }
            s.threads[0].is_creator = is_lookup;  // Otherwise nothing would keep it.
            if (from == client_start::many_references) s.before.assign(300, {.what = get});
            break;
        case client_start::about_to_empty:
            if (is_member) seat(0);
            s.threads[0].holds = {{.nr = bits}};
            s.last = bits;
            break;
        case client_start::full_but_one:
            s.before.assign(static_cast<std::size_t>(s.pid_max) - 1, {.what = alloc});
            if (is_member)
                seat(1);
            else
                s.threads[0].holds = {{.nr = 1}};
            s.before.push_back({.what = free, .which = is_member ? threads : 1});
            break;
        case client_start::about_to_wrap:
            if (is_member) seat(1);
            if (is_lookup) s.threads[0].holds = {{.nr = 1}};
            s.last = s.pid_max - 1;
            break;
    }
    return s;
}

/// Whether two threads start alike, so that swapping their calls shows nothing new.
[[nodiscard]] bool start_alike(const script& s, std::size_t a, std::size_t b) {
    const auto page_of = [&](const script_thread& one) {
        return one.holds.empty() ? -1 : one.holds[0].nr / static_cast<pid_nr>(s.bits);
    };
    const script_thread& one = s.threads[a];
    const script_thread& other = s.threads[b];
    return one.is_creator == other.is_creator && page_of(one) == page_of(other);
}

/// What a thread may have at a point in its calls, if all of them succeed.
struct outlook {
    unsigned pids = 0;
    unsigned references = 0;

    [[nodiscard]] bool allows(discipline how, script_call::kind what) const noexcept {
        if (what == put && references == 0) return false;
        if (what == free && pids == 0) return false;
        switch (how) {
            case discipline::member:
                return pids != 0 || references != 0;
            case discipline::reference:
                return references != 0;
            case discipline::lookup:
                return what != get || pids != 0;
        }
        return false;
    }
    void after(script_call::kind what) noexcept {
        if (what == alloc) ++pids;
        if (what == free) --pids;
        if (what == get) ++references;
        if (what == put) --references;
    }
};
[[nodiscard]] outlook outlook_of(const script& s, std::size_t thread) {
    return {.pids = static_cast<unsigned>(s.threads[thread].holds.size()),
            .references = (s.how == discipline::reference ? 1U : 0U) +
                          (s.threads[thread].is_creator ? 1U : 0U)};
}

/// The calls that a thread may make next.
[[nodiscard]] std::vector<script_call> next_calls(discipline how, const outlook& has, bool closes) {
    std::vector<script_call> all;
    for (const script_call::kind what : {alloc, free, get, put, close}) {
        if (!has.allows(how, what) || (what == close && !closes)) continue;
        const unsigned choices = what == free ? has.pids : 1;
        for (unsigned which = 0; which < choices; ++which)
            all.push_back({.what = what, .which = which});
    }
    return all;
}

[[nodiscard]] bool comes_before(const std::vector<script_call>& a,
                                const std::vector<script_call>& b) {
    const auto key = [](const script_call& one) { return std::pair(one.what, one.which); };
    return std::ranges::lexicographical_compare(a, b, {}, key, key);
}

[[nodiscard]] bool any_closes(const script& s) {
    return std::ranges::any_of(s.threads, [](const script_thread& one) {
        return std::ranges::any_of(one.does,
                                   [](const script_call& call) { return call.what == close; });
    });
}

/// Adds every way to fill the threads from `thread` on with `left` calls.
class enumeration {
public:
    enumeration(const client_kind& kind, client_start from, std::vector<script>& to)
        : kind_(kind), from_(from), to_(to) {}

    void run(unsigned threads, unsigned calls) {
        const auto start = start_of(kind_, from_, threads);
        if (!start) return;
        script_ = *start;
        fill(0, outlook_of(script_, 0), calls);
    }

private:
    void fill(std::size_t thread, const outlook& has, unsigned left) {
        const std::size_t threads_left = script_.threads.size() - thread - 1;
        std::vector<script_call>& does = script_.threads[thread].does;
        if (!does.empty() && left >= threads_left && is_in_order(thread)) {
            if (threads_left != 0)
                fill(thread + 1, outlook_of(script_, thread + 1), left);
            else if (left == 0)
                add();
        }
        if (left <= threads_left) return;  // Each other thread needs one.
        for (const script_call& one : next_calls(kind_.how, has, from_ == client_start::closing)) {
            outlook then = has;
            then.after(one.what);
            does.push_back(one);
            fill(thread, then, left - 1);
            does.pop_back();
        }
    }
    [[nodiscard]] bool is_in_order(std::size_t thread) const {
        return thread == 0 || !start_alike(script_, thread - 1, thread) ||
               !comes_before(script_.threads[thread].does, script_.threads[thread - 1].does);
    }
    void add() {
        // A count that is wrong for its size is wrong after any single call, and each execution
        // takes these references again.
        if (from_ == client_start::many_references &&
            (script_.threads.size() != 1 || script_.calls() > 1))
            return;
        // Without a call that closes the namespace, it is a client of a fresh one.
        if (from_ == client_start::closing && !any_closes(script_)) return;
        assert(!why_not(script_));
        to_.push_back(script_);
    }

    const client_kind& kind_;
    client_start from_;
    std::vector<script>& to_;
    script script_;
};

}  // namespace

std::string_view to_string(client_start which) noexcept {
    static constexpr std::array<std::string_view, client_starts.size()> names{
        "fresh", "about_to_empty", "full_but_one", "about_to_wrap", "many_references", "closing"};
    return names[static_cast<std::size_t>(which)];
}

std::vector<script> clients_of(const client_kind& kind, unsigned threads, unsigned calls) {
    std::vector<script> all;
    if (threads > calls) return all;
    for (const client_start from : client_starts) enumeration(kind, from, all).run(threads, calls);
    return all;
}

script random_client(const client_kind& kind, unsigned most_calls, std::uint64_t key) {
    rng chance(key);
    std::optional<script> s;
    client_start from{};
    while (!s) {
        from = client_starts[chance.below(static_cast<std::uint32_t>(client_starts.size()))];
        s = start_of(kind, from, 2 + chance.below(2));
    }
    for (std::size_t t = 0; t < s->threads.size(); ++t) {
        outlook has = outlook_of(*s, t);
        for (auto left = 1 + chance.below(most_calls); left > 0; --left) {
            const auto calls = next_calls(kind.how, has, from == client_start::closing);
            if (calls.empty()) break;
            const script_call& one = calls[chance.below(static_cast<std::uint32_t>(calls.size()))];
            has.after(one.what);
            s->threads[t].does.push_back(one);
        }
    }
    assert(!why_not(*s));
    return *s;
}

}  // namespace pidmap_stress::explore
