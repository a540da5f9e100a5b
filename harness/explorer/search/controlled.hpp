#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/explorer/run/driver.hpp"
#include "harness/explorer/run/finding.hpp"

namespace pidmap_stress::explore {

/// Executions step by step, with every choice made by one function and written down. The choices
/// together are the schedule: the same ones give the same execution.
class controlled : public driver {
public:
    /// What the last execution was.
    [[nodiscard]] const schedule& taken() const noexcept { return taken_; }
    /// Gets ready for another execution.
    virtual void restart() { taken_.clear(); }

    [[nodiscard]] bool interleaves() const noexcept final { return true; }
    unsigned next_thread(const thread_list& runnable, bool can_go_on) override;
    event_id add_read(graph& g, bool newest_only) override;
    void choose_write(graph& g, event_id read, bool newest_only) final;
    void choose_place(graph& g, event_id write) final;
    bool place_exclusive(graph& g, event_id write) final;
    void choose(graph& g, event_id choice) final;
    [[nodiscard]] unsigned pick_one(unsigned n) final { return note(pick(n)); }

protected:
    /// Filled in place: copying two short stores as one long word would stall.
    struct candidate {
        explicit candidate(event_id w, bool spurious = false) noexcept
            : write(w), fails(spurious) {}
        event_id write;
        bool fails;
    };
    /// Which thread goes next: an index into `options`. If `can_go_on`, options[0] stepped last,
    /// and choosing any other is a preemption.
    virtual unsigned pick_thread(const thread_list& options, bool can_go_on) = 0;
    /// Any other choice: a number below `n`.
    virtual unsigned pick(unsigned n) = 0;
    /// What to read and what to stand behind, newest first in both. By default, pick(). A class
    /// that overrides pick_write() adds the read first.
    virtual unsigned pick_write(const graph&, event_id, const std::vector<candidate>& options) {
        return pick(static_cast<unsigned>(options.size()));
    }
    virtual unsigned pick_place(const graph&, event_id, const std::vector<candidate>& options) {
        return pick(static_cast<unsigned>(options.size()));
    }

    unsigned note(unsigned choice) {
        taken_.push_back(static_cast<std::uint16_t>(choice));
        return choice;
    }

private:
    schedule taken_;
    std::vector<candidate> candidates_;
};

/// Repeats a schedule. Where it does not fit, or is at its end, the first option is taken.
class repeat final : public controlled {
public:
    /// Where a livelock may end the execution: at the end of the schedule, or wherever one is seen.
    enum class ends : std::uint8_t { where_schedule_does, anywhere };
    explicit repeat(schedule choices, ends where = ends::where_schedule_does)
        : choices_(std::move(choices)), ends_(where) {}
    void restart() override {
        controlled::restart();
        next_ = 0;
        exact_ = true;
    }
    /// Whether each choice was available, and none was left over.
    [[nodiscard]] bool exact() const noexcept { return exact_ && next_ == choices_.size(); }
    /// Whether a choice was not available, or was not there.
    [[nodiscard]] bool departed() const noexcept { return !exact_; }
    [[nodiscard]] bool at_end() const noexcept override {
        return ends_ == ends::anywhere || next_ == choices_.size();
    }

protected:
    unsigned pick_thread(const thread_list& options, bool) override { return pick(options.size()); }
    unsigned pick(unsigned n) override;

private:
    schedule choices_;
    ends ends_;
    std::size_t next_ = 0;
    bool exact_ = true;
};

/// Threads take turns of a few steps each: as fair as possible, and in step with each other.
class round_robin final : public controlled {
public:
    explicit round_robin(unsigned steps) : steps_(steps) {}

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;
    unsigned pick(unsigned) override { return 0; }

private:
    unsigned steps_;
    unsigned done_ = 0;
    unsigned last_ = 0;
};

/// Follows a given execution graph, and so makes a schedule of it.
///
/// In the order of its steps, reads see the newest write and writes come last, as far as the graph
/// allows: that order is the easiest to read.
class guided final : public controlled {
public:
    /// \param first  If given, the events to go through before all others.
    explicit guided(const graph& target, const std::optional<vector_clock>& first = std::nullopt)
        : target_(target), first_(first) {}

    void follow(const graph& now) { now_ = &now; }
    /// Its choice depends on what is in the graph already.
    event_id add_read(graph& g, bool newest_only) override { return add_first(g, newest_only); }

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;
    unsigned pick(unsigned) override;
    unsigned pick_write(const graph& g, event_id read,
                        const std::vector<candidate>& options) override;
    unsigned pick_place(const graph& g, event_id write,
                        const std::vector<candidate>& options) override;

private:
    [[nodiscard]] bool done(event_id id) const;
    [[nodiscard]] bool enabled(unsigned thread) const;
    [[nodiscard]] bool in_order(unsigned thread) const;
    [[nodiscard]] bool write_in_order(event_id write) const;
    [[nodiscard]] event_id here(const graph& g, event_id of_target) const;
    [[nodiscard]] event_id there(const graph& g, event_id of_now) const;

    const graph& target_;
    std::optional<vector_clock> first_;
    const graph* now_ = nullptr;
};

}  // namespace pidmap_stress::explore
