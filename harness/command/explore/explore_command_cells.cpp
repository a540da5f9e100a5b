#include "harness/command/explore/explore_command_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/command/report/progress.hpp"
#include "harness/explorer/search/side_by_side.hpp"
#include "harness/programs/shrink.hpp"

namespace pidmap_stress {
namespace {

using explore::cell_verdict;
using clock = explore::watch::clock;

/// Replaces each finding by a smaller execution.
void shrink(cell_verdict& seen, explore::watch& watched) {
    for (explore::broken_invariant& one : seen.broken)
        if (auto small = explore::shrink(seen.of, one, {.watched = &watched})) {
            one.token = small->token();
            one.finding = std::move(small->shown_as);
        }
}

class exploration {
public:
    exploration(const cells_to_explore& wanted,
                const std::function<void(const cell_verdict&)>& show)
        : wanted_(wanted),
          show_(show),
          explored_(wanted.cases.size()),
          progress_(stderr, wanted.duration, "executions") {}

    void run() {
        estimate();
        const std::jthread teller([this](const std::stop_token& done) { tell(done); });
        const auto jobs = static_cast<unsigned>(
            std::min<std::size_t>(wanted_.jobs, std::max<std::size_t>(1, wanted_.cases.size())));
        explore::options how = wanted_.how;
        if (jobs > 1) how.jobs = 1;
        explore::side_by_side(jobs, [&](unsigned) {
            while (const auto i = take(jobs)) explore_one(i->cell, how, i->until);
        });
    }

private:
    /// For somebody who looks on: how much there is of the only cell.
    void estimate() {
        using enum explore::strategy;
        const explore::strategy how = wanted_.how.strategy;
        if (!progress_.on_terminal() || wanted_.cases.size() != 1 ||
            (how != exhaustive && how != prove))
            return;
        expected_ = explore::estimate_cell(wanted_.cases.front(), wanted_.how,
                                           {.time = std::chrono::milliseconds(500)})
                        .executions;
    }

    struct turn {
        std::size_t cell;
        std::optional<clock::time_point> until;
    };

    /// The next cell, and when its share of the time is over.
    [[nodiscard]] std::optional<turn> take(unsigned jobs) {
        const std::lock_guard lock(mutex_);
        const bool limited = wanted_.duration.count() != 0;
        const auto left = begin_ + wanted_.duration - clock::now();
        if (next_ == wanted_.cases.size() || interrupted() || (limited && left.count() <= 0))
            return std::nullopt;
        turn mine{.cell = next_++, .until = std::nullopt};
        if (limited) {
            const auto cells = static_cast<unsigned>(wanted_.cases.size() - mine.cell);
            mine.until = clock::now() + left * std::min(jobs, cells) / cells;
        }
        return mine;
    }

    void explore_one(std::size_t i, explore::options how,
                     const std::optional<clock::time_point>& until) {
        explore::watch watched(runs_, until, interrupted);
        how.watched = &watched;
        cell_verdict seen = explore_cell(wanted_.cases[i], how, wanted_.checks);
        if (wanted_.shrinks) shrink(seen, watched);
        const std::lock_guard lock(mutex_);
        explored_[i] = std::move(seen);
        progress_.clear();
        for (; shown_ < explored_.size() && explored_[shown_]; ++shown_) show_(*explored_[shown_]);
    }

    /// Prints the progress now and then.
    void tell(const std::stop_token& done) {
        constexpr auto interval = std::chrono::milliseconds(200);
        std::unique_lock lock(mutex_);
        std::condition_variable_any ended;
        while (!ended.wait_for(lock, done, interval, [&] { return done.stop_requested(); })) {
            const std::uint64_t runs = runs_.load(std::memory_order::relaxed);
            const auto cells =
                std::ranges::count_if(explored_, [](const auto& one) { return one.has_value(); });
            progress_.update(
                fmt::format("{} of {} cell{}, {} executions{}", cells, explored_.size(),
                            explored_.size() == 1 ? "" : "s", to_human(static_cast<double>(runs)),
                            share_of_expected(runs)),
                runs);
        }
        progress_.clear();
    }

    /// " of about 680 k, 12 %, 5 s left".
    [[nodiscard]] std::string share_of_expected(std::uint64_t runs) const {
        if (expected_ == 0 || runs == 0) return {};
        const double share = static_cast<double>(runs) / expected_;
        const double spent = std::chrono::duration<double>(clock::now() - begin_).count();
        if (share >= 1) return fmt::format(", about all of {}", to_human(expected_));
        return fmt::format(" of about {}, {:.0f} %, {:.0f} s left", to_human(expected_),
                           100 * share, spent / share - spent);
    }

    const cells_to_explore& wanted_;
    double expected_ = 0;  ///< Executions; 0: not known.
    const std::function<void(const cell_verdict&)>& show_;
    clock::time_point begin_ = clock::now();
    std::atomic<std::uint64_t> runs_{0};
    std::mutex mutex_;  // Guards everything below.
    std::size_t next_ = 0;
    std::size_t shown_ = 0;
    std::vector<std::optional<cell_verdict>> explored_;
    progress_line progress_;
};

}  // namespace

void explore_cells(const cells_to_explore& wanted,
                   const std::function<void(const cell_verdict&)>& show) {
    exploration(wanted, show).run();
}

}  // namespace pidmap_stress
