#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "harness/explorer/run/driver.hpp"

namespace pidmap_stress::explore {

/// Enumerates the consistent executions of a program, each exactly once: truly stateless optimal
/// dynamic partial order reduction.
///
/// A new read takes the newest write and leaves the others for later. A new write goes to the end
/// of modification order, leaves the other places for later, and is offered to the reads that came
/// before it: a *revisit*, which takes back whatever the read may have caused. So that no execution
/// is met twice, a revisit only takes back events that are *maximally added*: events that the
/// search would add again by itself, before anything else.
///
/// \source Kokologiannakis, Marmanis, Gladstein, Vafeiadis: Truly stateless, optimal dynamic
///         partial order reduction. POPL 2022.
class trust final : public driver {
public:
    explicit trust(memory_rules rules) : rules_(rules) { frames_.push_back(make_frame()); }

    /// What is left to explore, cut off: a graph of its own and one alternative in it.
    struct subtree;

    /// The graph to run the program over.
    [[nodiscard]] graph& current() noexcept { return frames_[depth_]->g; }
    /// Takes the next alternative. \return false if there is none: all is explored.
    /// \post  Otherwise current() is to be run.
    [[nodiscard]] bool advance();
    /// Cuts off the alternative that would be explored last, unless too little is left.
    [[nodiscard]] std::unique_ptr<subtree> split();

    // For estimates of how much there is, instead of advance(): the tree of choices, whose every
    // leaf is an execution.

    /// A graph that was run, with the alternatives that it has.
    class node;
    [[nodiscard]] node here() const;
    /// How many events of the last run have alternatives.
    [[nodiscard]] std::size_t choice_points() const noexcept;
    [[nodiscard]] std::size_t alternatives() const noexcept { return frames_[depth_]->left.size(); }
    /// Goes on with one alternative of a node.
    /// \return whether current() is to be run; if not, it is inconsistent as it is.
    [[nodiscard]] bool descend(const node& from, std::size_t chosen);

    /// Starts over with what split() cut off elsewhere.
    /// \return whether there is a graph to run; advance() may have more in either case.
    [[nodiscard]] bool resume(subtree from);

    [[nodiscard]] bool interleaves() const noexcept override { return false; }
    unsigned next_thread(const thread_list& runnable, bool) override { return runnable.front(); }
    void choose_write(graph& g, event_id read, bool newest_only) override;
    void choose_place(graph& g, event_id write) override;
    bool place_exclusive(graph& g, event_id write) override;
    void choose(graph& g, event_id choice) override;
    [[nodiscard]] event_id known_instants() const noexcept override {
        return frames_[depth_]->known;
    }
    void know_instants(event_id last) noexcept override { top().known = last; }
    [[nodiscard]] std::vector<location_id>* watched_cells() noexcept override { return &watched_; }

private:
    enum class change : std::uint8_t { read_from, fail_from, place, choose, revisit, fail_revisit };
    struct alternative {
        event_id stamp;  ///< The event to change; the graph ends there.
        event_id with;   ///< What to read, stand behind or choose; which write revisits.
        change what;
    };
    struct frame {
        graph g;
        std::vector<alternative> left;
        event_id revisited = no_event;  ///< The read that this graph was made for, and its write.
        event_id revisitor = no_event;
        bool fails = false;  ///< Whether that read is a weak update that fails.
        event_id known = 0;  ///< Instants up to here have been met.
    };

public:
    class node {
    public:
        /// Behind the alternatives of the event whose first one this is.
        [[nodiscard]] std::size_t end_of_point(std::size_t first) const noexcept {
            return trust::end_of_point(at_.left, first);
        }

    private:
        friend trust;
        explicit node(const frame& at) : at_(at) {}
        frame at_;
    };
    struct subtree {
        frame from;
        std::vector<location_id> watched;
    };

private:
    [[nodiscard]] std::unique_ptr<frame> make_frame() const {
        auto f = std::make_unique<frame>();
        f->g.clear(rules_);
        return f;
    }
    [[nodiscard]] static std::size_t end_of_point(const std::vector<alternative>& left,
                                                  std::size_t first) noexcept;
    [[nodiscard]] frame& top() noexcept { return *frames_[depth_]; }
    [[nodiscard]] bool apply(const alternative& next);
    [[nodiscard]] bool revisit(const alternative& next);
    [[nodiscard]] bool settle();
    void offer_revisits(const graph& g, event_id write);
    [[nodiscard]] bool maximally_added(const graph& g, event_id id, event_id write) const;

    memory_rules rules_;
    std::vector<std::unique_ptr<frame>> frames_;  // Those above depth_ keep their memory.
    std::size_t depth_ = 0;
    std::vector<location_id> watched_;
};

}  // namespace pidmap_stress::explore
