#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/model/graph.hpp"
#include "harness/explorer/model/vector_clock.hpp"

/// What a strategy is to the machine that runs a program.
namespace pidmap_stress::explore {

/// A few threads, without memory of its own to ask for.
class thread_list {
public:
    void clear() noexcept { size_ = 0; }
    void push_back(unsigned thread) noexcept { threads_[size_++] = thread; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] unsigned size() const noexcept { return size_; }
    [[nodiscard]] unsigned operator[](unsigned i) const noexcept { return threads_[i]; }
    [[nodiscard]] unsigned front() const noexcept { return threads_[0]; }
    [[nodiscard]] const unsigned* begin() const noexcept { return threads_.data(); }
    [[nodiscard]] const unsigned* end() const noexcept { return threads_.data() + size_; }

private:
    std::array<unsigned, max_threads> threads_;
    unsigned size_ = 0;
};

/// What a thread is about to do.
struct pending_step {
    location_id where = nowhere;
    bool writes = false;         ///< Or may, if it is a compare-exchange.
    const void* site = nullptr;  ///< As of its event.
};

/// Makes the choices of an execution. Called on the fiber of the thread that is about to step.
class driver {
public:
    virtual ~driver() = default;
    /// Whether it decides, before each step, who goes next. If not, a thread runs on until it
    /// ends or waits, and the machine replays what the graph holds already.
    [[nodiscard]] virtual bool interleaves() const noexcept = 0;
    /// \param runnable   Never empty, and in ascending order; but the thread that stepped last is
    ///                   the first of all if it can go on.
    /// \param can_go_on  Whether it can.
    /// \return 0 if the execution need not go on.
    virtual unsigned next_thread(const thread_list& runnable, bool can_go_on) = 0;
    /// Whether announce() is to be called.
    [[nodiscard]] virtual bool wants_announcements() const noexcept { return false; }
    /// What a thread's next step will be; called before others are chosen from.
    virtual void announce(unsigned /*thread*/, const pending_step& /*next*/) {}
    /// Makes a choice of a walk: a number below `n`, which depends on no graph.
    [[nodiscard]] virtual unsigned pick_one(unsigned /*n*/) { return 0; }
    /// Whether all that happens now has happened before, in an execution that was checked.
    [[nodiscard]] virtual bool on_old_path() const noexcept { return false; }
    /// Adds a new read, what graph::draft() gave, and gives it its write. \return its stamp.
    virtual event_id add_read(graph& g, bool newest_only) { return add_first(g, newest_only); }
    /// Gives a new read its write, by graph::read_from().
    virtual void choose_write(graph& g, event_id read, bool newest_only) = 0;
    /// Gives a new write its place, by graph::place().
    virtual void choose_place(graph& g, event_id write) = 0;
    /// Gives a new write half its place. \return false if the graph is inconsistent now.
    [[nodiscard]] virtual bool place_exclusive(graph& g, event_id write) = 0;
    /// Gives a new choice its value, by graph::set_choice().
    virtual void choose(graph& g, event_id choice) = 0;
    /// Whether a round that comes back to its beginning is to be reported here.
    [[nodiscard]] virtual bool at_end() const noexcept { return true; }
    /// The graph's instants up to this stamp were checked in earlier runs.
    [[nodiscard]] virtual event_id known_instants() const noexcept { return 0; }
    /// Now they are checked up to this one.
    virtual void know_instants(event_id /*last*/) noexcept {}
    /// The cells that those instants were told apart by. Whoever knows instants has some.
    [[nodiscard]] virtual std::vector<location_id>* watched_cells() noexcept { return nullptr; }

protected:
    /// add_read() for a choice that depends on what is in the graph: the read comes first.
    event_id add_first(graph& g, bool newest_only) {
        const event_id id = g.append();
        choose_write(g, id, newest_only);
        return id;
    }
};

}  // namespace pidmap_stress::explore
