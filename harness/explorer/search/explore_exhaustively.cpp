// The exhaustive search, alone or shared among jobs.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <list>
#include <mutex>
#include <utility>

#include "harness/explorer/search/pieces.hpp"
#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/side_by_side.hpp"

namespace pidmap_stress::explore {
namespace {

result explore_alone(const program& p, const options& how) {
    exploration w(p, how);
    trust search(rules_of(how));
    bool more = true;
    while (more && !w.satisfied()) {
        w.run(search);
        more = search.advance();
    }
    result r = w.take();
    r.complete = !more && !r.truncated;
    r.redundant = count_repeated(w.take_seen());
    return r;
}

/// A search, or one that split() cut off another.
class subtree_piece final : public piece {
public:
    explicit subtree_piece(memory_rules rules, std::unique_ptr<trust::subtree> from = nullptr)
        : rules_(rules), search_(rules), from_(std::move(from)) {}

    turn explore(exploration& w, std::uint64_t most) override {
        bool more = from_ == nullptr || search_.resume(std::move(*std::exchange(from_, nullptr)));
        while (more && !w.satisfied() && w.so_far().runs() < most) {
            w.run(search_);
            more = search_.advance();
        }
        return {.found = w.take(), .seen = w.take_seen(), .more = more};
    }
    std::unique_ptr<piece> split() override {
        if (from_) return nullptr;  // It has not begun.
        auto cut = search_.split();
        return cut ? std::make_unique<subtree_piece>(rules_, std::move(cut)) : nullptr;
    }

private:
    memory_rules rules_;
    trust search_;
    std::unique_ptr<trust::subtree> from_;
};

/// The budget is shared out among the pieces of the search, so that it reaches all of it.
result explore_within_budget(const program& p, const options& how) {
    turn did = explore_in_pieces(std::make_unique<subtree_piece>(rules_of(how)), p, how);
    result r = std::move(did.found);
    r.truncated |= did.more && !(how.stop_at_first && !r.findings.empty());
    r.complete = !did.more && !r.truncated;
    r.redundant = count_repeated(std::move(did.seen));
    return r;
}

/// The search in pieces, each a stretch of the order in which a single job would go. An idle
/// job takes the end of another's stretch, so the stretches stay in order, and the findings are
/// merged as if one job had made them.
class shared_search {
public:
    shared_search(const program& p, const options& how) : program_(p), how_(how) {
        stretches_.emplace_back();
        waiting_.push_back(stretches_.begin());
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            wanted_.store(true, std::memory_order::relaxed);
            changed_.wait(lock, [&] { return !waiting_.empty() || busy_ == 0; });
            --idle_;
            if (waiting_.empty()) {
                changed_.notify_all();
                return;
            }
            const place mine = waiting_.front();
            waiting_.pop_front();
            ++busy_;
            wanted_.store(idle_ > waiting_.size(), std::memory_order::relaxed);
            lock.unlock();
            if (!mine->cancelled.load(std::memory_order::relaxed)) explore_stretch(mine);
            lock.lock();
            --busy_;
            changed_.notify_all();
        }
    }

    [[nodiscard]] result put_together() {
        result sum;
        std::vector<std::uint64_t> seen;
        bool enough = false;
        for (const stretch& s : stretches_) {
            append_result(sum, s.found);
            seen.insert(seen.end(), s.seen.begin(), s.seen.end());
            enough = how_.stop_at_first && !sum.findings.empty();
            if (enough) {
                sum.complete = s.ended && std::next(stretches_.begin()) == stretches_.end();
                break;
            }
        }
        const bool all_ended = std::ranges::all_of(stretches_, &stretch::ended);
        if (!enough) sum.complete = all_ended && !sum.truncated;
        sum.redundant = count_repeated(std::move(seen));
        return sum;
    }

private:
    struct stretch {
        std::unique_ptr<trust::subtree> from;  // None: from the beginning.
        result found;
        std::vector<std::uint64_t> seen;
        std::atomic<bool> cancelled = false;
        bool ended = false;
    };
    using place = std::list<stretch>::iterator;

    void explore_stretch(place mine) {
        exploration w(program_, how_);
        trust search(rules_of(how_));
        bool more = mine->from == nullptr || search.resume(std::move(*mine->from));
        while (more && !w.satisfied() && !mine->cancelled.load(std::memory_order::relaxed)) {
            if (wanted_.load(std::memory_order::relaxed)) hand_over(mine, search);
            w.run(search);
            more = search.advance();
        }
        const bool satisfied = w.satisfied();
        mine->found = w.take();
        mine->seen = w.take_seen();
        mine->ended = !more;
        if (!satisfied) return;
        const std::lock_guard lock(mutex_);
        for (auto later = std::next(mine); later != stretches_.end(); ++later)
            later->cancelled.store(true, std::memory_order::relaxed);
    }

    void hand_over(place mine, trust& search) {
        auto cut = search.split();
        if (!cut) return;
        const std::lock_guard lock(mutex_);
        const place next = stretches_.emplace(std::next(mine));
        next->from = std::move(cut);
        next->cancelled = mine->cancelled.load(std::memory_order::relaxed);
        waiting_.push_back(next);
        wanted_.store(idle_ > waiting_.size(), std::memory_order::relaxed);
        changed_.notify_one();
    }

    const program& program_;
    const options& how_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<stretch> stretches_;
    std::list<place> waiting_;
    std::size_t idle_ = 0;
    std::size_t busy_ = 0;
    std::atomic<bool> wanted_ = false;
};

}  // namespace

result explore_exhaustively(const program& p, const options& how) {
    if (how.budget != 0) return explore_within_budget(p, how);
    if (how.jobs <= 1) return explore_alone(p, how);
    shared_search search(p, how);
    side_by_side(how.jobs, [&](unsigned) { search.work(); });
    return search.put_together();
}

}  // namespace pidmap_stress::explore
