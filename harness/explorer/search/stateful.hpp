#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "harness/explorer/model/state_digest.hpp"
#include "harness/explorer/run/machine/machine.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {

/// All states that controlled executions pass through: an execution that reaches a state that was
/// met before ends there.
///
/// Three things make that cheaper, and none loses a state that an invariant could distinguish:
/// - A step that no other thread can interfere with, as no thread ever writes where it reads, is
///   done at once.
/// - Of the old writes to a location, only those that some thread may still read tell states apart.
///   These two rules depend on what threads never do. The search learns that on the way, from
///   random walks first; if it turns out wrong, the search starts over with what it has learnt.
/// - A thread *sleeps* where its step has been explored already, in another order with steps that
///   do not conflict with it.
///
/// \source Sleep sets, with states: Godefroid, Partial-order methods for the verification of
///         concurrent systems, LNCS 1032 (1996), chapter 5.
class stateful final : public depth_first {
public:
    struct settings {
        std::uint64_t seed = 1;
        /// Learning is over when this many random walks in a row have taught nothing.
        std::uint64_t lessons = 0;
        /// With a fault, no thread sleeps: a state that is mistaken for another would often be
        /// explored all the same, on behalf of a thread that slept when the other one was met.
        planted_fault fault = planted_fault::none;
    };
    explicit stateful(const settings& how)
        : settings_(how), dice_(how.seed, 0), learning_(how.lessons != 0) {}

    unsigned next_thread(const thread_list& runnable, bool can_go_on) override;
    [[nodiscard]] bool wants_announcements() const noexcept override { return true; }
    void announce(unsigned thread, const pending_step& next) override;
    void restart() override;
    [[nodiscard]] bool on_old_path() const noexcept override {
        return learning_ || depth_first::on_old_path();
    }
    /// What an execution shows about what threads do.
    struct lesson {
        const graph& ran;
        bool had_sections;
    };
    /// Learns from the execution that ran, and moves on to the next one.
    /// \return false if that was the last one.
    [[nodiscard]] bool advance(const lesson& from);
    /// Whether the findings of this run count for nothing, because the search has started over.
    [[nodiscard]] bool starts_over() const noexcept { return starts_over_; }
    [[nodiscard]] bool tells_whole_graphs() const noexcept { return whole_graph_; }
    [[nodiscard]] std::uint64_t states() const noexcept { return met_.size(); }

protected:
    unsigned pick(unsigned n) override;
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;

private:
    using threads = std::uint16_t;  ///< A set.
    [[nodiscard]] static constexpr threads only(unsigned thread) noexcept {
        return static_cast<threads>(1U << thread);
    }
    /// A decision on the way, and what was known when it was first made.
    struct crossing {
        machine::histories histories{};
        threads to_go = 0;     ///< Threads that are to go next, one by one ...
        threads sleeping = 0;  ///< ... while these sleep; both 0 if no thread is chosen.
    };
    /// A state that the execution has passed through.
    struct passed {
        state_key state;
        std::size_t decisions;  ///< How many came before it.
    };

    [[nodiscard]] unsigned undisturbed(const thread_list& runnable) const noexcept;
    [[nodiscard]] unsigned choose_thread(const thread_list& runnable, bool can_go_on);
    [[nodiscard]] crossing arrive(const thread_list& runnable);
    void wake(unsigned stepping) noexcept;
    [[nodiscard]] bool is_written(location_id where) const noexcept {
        return where < written_.size() && written_[where];
    }
    [[nodiscard]] bool chooses(const event& e) const noexcept;
    void learn(const lesson& from);
    void learn_stores(const graph& ran);
    void learn_choices(const graph& ran);

    // What threads do.
    std::array<pending_step, max_threads> pending_{};
    threads is_pending_ = 0;
    std::vector<bool> written_;
    std::vector<bool> stored_;
    /// By thread and site: where the thread may yet choose from more than the last write, if this
    /// step is its next.
    std::array<std::unordered_map<const void*, location_set>, max_threads> ahead_;
    bool whole_graph_ = false;
    bool learnt_ = false;
    bool starts_over_ = false;

    // Learning, at first.
    settings settings_;
    std::uint64_t vain_lessons_ = 0;
    dice dice_;
    bool learning_;

    // Where the search is.
    unsigned only_ = 0;  // The thread that goes next.
    threads sleeping_ = 0;
    std::vector<crossing> crossings_;  // By decision.
    std::vector<passed> passed_;
    state_map met_;  // For each state: the threads that slept at every visit.
};

}  // namespace pidmap_stress::explore
