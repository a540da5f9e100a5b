#include "harness/programs/clients/clients.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

#include "harness/base/rng.hpp"
#include "harness/programs/clients/allowed_calls.hpp"

namespace pidmap_stress::explore {
namespace {

/// Whether two threads start alike, so that swapping their calls shows nothing new.
[[nodiscard]] bool start_alike(const script& s, std::size_t a, std::size_t b) {
    const auto page_of = [&](const script_thread& one) {
        return one.holds.empty() ? -1 : one.holds[0].nr / static_cast<pid_nr>(s.bits);
    };
    const script_thread& one = s.threads[a];
    const script_thread& other = s.threads[b];
    return one.is_creator == other.is_creator && one.failures == other.failures &&
           page_of(one) == page_of(other);
}

/// A call, with the namespaces that the thread itself makes counted from the first of these, as
/// they are called differently on each thread.
[[nodiscard]] std::vector<std::array<unsigned, 3>> comparable(const script& s, std::size_t thread) {
    const std::vector<script_namespace> spaces = namespaces_of(s);
    const auto made_before = [&](std::size_t by) {
        return static_cast<unsigned>(std::ranges::count_if(
            spaces, [&](const script_namespace& one) { return one.maker <= by; }));
    };
    const unsigned common = made_before(0);
    const unsigned others = made_before(thread) - common;
    std::vector<std::array<unsigned, 3>> all;
    for (const script_call& one : s.threads[thread].does)
        all.push_back({static_cast<unsigned>(one.what), one.which,
                       one.in < common ? one.in : one.in - others});
    return all;
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
        fill(0, calls);
    }

private:
    void fill(std::size_t thread, unsigned left) {
        const std::size_t threads_left = script_.threads.size() - thread - 1;
        std::vector<script_call>& does = script_.threads[thread].does;
        if (!does.empty() && left >= threads_left && is_in_order(thread)) {
            if (threads_left != 0)
                fill(thread + 1, left);
            else if (left == 0)
                add();
        }
        if (left <= threads_left) return;  // Each other thread needs one.
        for (const script_call& one : allowed_calls(script_, from_, thread)) {
            does.push_back(one);
            fill(thread, left - 1);
            does.pop_back();
        }
    }
    [[nodiscard]] bool is_in_order(std::size_t thread) const {
        // Calls that look up a number are about one thread's pid or another's.
        return thread == 0 || from_ == client_start::objects ||
               !start_alike(script_, thread - 1, thread) ||
               comparable(script_, thread) >= comparable(script_, thread - 1);
    }
    void add() {
        if (!is_about(script_, from_)) return;
        assert(!why_not(script_));
        to_.push_back(script_);
    }

    const client_kind& kind_;
    client_start from_;
    std::vector<script>& to_;
    script script_;
};

}  // namespace

std::vector<script> clients_of(const client_kind& kind, client_family family, unsigned threads,
                               unsigned calls) {
    std::vector<script> all;
    if (threads > calls) return all;
    for (const client_start from : client_starts)
        if (family_of(from) == family) enumeration(kind, from, all).run(threads, calls);
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
    for (std::size_t t = 0; t < s->threads.size(); ++t)
        for (auto left = 1 + chance.below(most_calls); left > 0; --left) {
            const auto calls = allowed_calls(*s, from, t);
            if (calls.empty()) break;
            s->threads[t].does.push_back(
                calls[chance.below(static_cast<std::uint32_t>(calls.size()))]);
        }
    assert(!why_not(*s));
    return *s;
}

}  // namespace pidmap_stress::explore
