#include "harness/explorer/search/pieces.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <limits>
#include <utility>

#include "harness/explorer/search/side_by_side.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr std::uint64_t shortest_turn = 500;
constexpr std::uint64_t longest_turn = 16'000;
constexpr std::size_t most_pieces = 48;

struct part {
    std::unique_ptr<piece> what;
    std::uint64_t allowed = 0;
    turn did{};
};

/// Each part takes its turn. Parts after a finding that is enough need not run.
void play_round(std::vector<part>& parts, const program& p, const options& how) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> enough = parts.size();
    const auto jobs =
        static_cast<unsigned>(std::min<std::size_t>(std::max(1U, how.jobs), parts.size()));
    side_by_side(jobs, [&](unsigned) {
        // Relaxed: this only hands out parts; side_by_side() orders the rest.
        for (;;) {
            const std::size_t i = next.fetch_add(1, std::memory_order::relaxed);
            if (i >= parts.size() || i > enough.load(std::memory_order::relaxed)) return;
            part& mine = parts[i];
            mine.did = {.more = true};
            if (mine.allowed == 0) continue;
            exploration w(p, how);
            mine.did = mine.what->explore(w, mine.allowed);
            if (!how.stop_at_first || mine.did.found.findings.empty()) continue;
            std::size_t seen = enough.load(std::memory_order::relaxed);
            while (i < seen && !enough.compare_exchange_weak(seen, i, std::memory_order::relaxed)) {
            }
        }
    });
}

void share_out(std::vector<part>& parts, std::uint64_t budget, std::uint64_t longest) {
    const std::uint64_t each = budget / parts.size();
    const std::uint64_t rest = budget % parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i)
        parts[i].allowed = std::min(longest, each + (i < rest ? 1 : 0));
}

/// The pieces that have more to explore, cut further, in the order in which one job would go.
std::vector<part> cut(std::vector<part> parts) {
    std::erase_if(parts, [](const part& one) { return !one.did.more; });
    std::size_t room = most_pieces - std::min(most_pieces, parts.size());
    std::vector<part> all;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t share = room / (parts.size() - i);
        std::vector<part> behind;
        while (behind.size() < share) {
            auto last = parts[i].what->split();
            if (!last) break;
            behind.push_back({.what = std::move(last)});
        }
        room -= behind.size();
        all.push_back({.what = std::move(parts[i].what)});
        std::move(behind.rbegin(), behind.rend(), std::back_inserter(all));
    }
    return all;
}

}  // namespace

turn explore_in_pieces(std::unique_ptr<piece> whole, const program& p, const options& how) {
    turn sum;
    std::vector<part> parts;
    parts.push_back({.what = std::move(whole)});
    std::uint64_t longest = shortest_turn;
    while (!parts.empty()) {
        std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
        if (how.budget != 0) left = how.budget - std::min(how.budget, sum.found.runs());
        if (left == 0 || ends_early(how)) {
            sum.more = true;
            return sum;
        }
        share_out(parts, left, longest);
        play_round(parts, p, how);
        for (const part& one : parts) {
            append_result(sum.found, one.did.found);
            sum.seen.insert(sum.seen.end(), one.did.seen.begin(), one.did.seen.end());
            sum.any |= one.did.any;
            if (how.stop_at_first && !sum.found.findings.empty()) {
                sum.more = parts.size() > 1 || one.did.more;
                return sum;
            }
        }
        parts = cut(std::move(parts));
        longest = std::min(longest * 2, longest_turn);
    }
    return sum;
}

}  // namespace pidmap_stress::explore
