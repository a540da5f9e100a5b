#pragma once

#include <memory>
#include <optional>
#include <unordered_set>

#include "harness/explorer/search/controlled.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/explorer/search/trust.hpp"

/// The pieces that explore() is made of.
namespace pidmap_stress::explore {

[[nodiscard]] memory_rules rules_of(const options& how) noexcept;
/// Whether the watcher, if there is one, wants it to end.
[[nodiscard]] bool ends_early(const options& how) noexcept;

/// What one job explores: a machine of its own, and the result of what it ran.
class exploration {
public:
    exploration(const program& p, const options& how);
    ~exploration();
    exploration(const exploration&) = delete;
    exploration& operator=(const exploration&) = delete;

    /// Runs one controlled execution.
    void sample(controlled& choices);
    /// The same, for choices that look at no graph, and so mostly without one.
    /// \return false if that could not be done: the choices are to be restarted, for sample().
    [[nodiscard]] bool walk(controlled& choices);
    /// Runs the graph that an exhaustive search has ready.
    void run(trust& search);

    [[nodiscard]] const graph& last_sample() const noexcept { return graph_; }
    [[nodiscard]] bool had_sections() const noexcept { return machine_.had_sections(); }
    void tell_states_apart() noexcept { machine_.tell_states_apart(); }

    /// Runs a few fair executions, and reports a livelock if they loop forever.
    void probe_livelocks();

    [[nodiscard]] result take() { return std::exchange(result_, {}); }
    /// Keeps the findings, and counts from 0.
    void count_anew() { result_ = {.findings = std::move(result_.findings)}; }
    [[nodiscard]] const result& so_far() const noexcept { return result_; }
    /// Whether to end early: there is a finding, and that is enough; or the watcher asks for it.
    [[nodiscard]] bool satisfied() const noexcept {
        return (how_.stop_at_first && !result_.findings.empty()) || ends_early(how_);
    }
    [[nodiscard]] bool stops_at_first() const noexcept { return how_.stop_at_first; }
    /// Executions that ran to their end, by fingerprint, if the options ask for them.
    [[nodiscard]] std::vector<std::uint64_t> take_seen() { return std::exchange(seen_, {}); }

private:
    void count(execution_end end, const graph& g);
    void tell_watch();
    [[nodiscard]] bool knows(const finding& f) const noexcept;
    void report(finding f, const schedule& choices);
    void report_all(const graph& g);
    void look_for_livelock(controlled& same, unsigned steps);

    const program& program_;
    options how_;
    machine machine_;
    graph graph_;
    bool sampled_ = false;  // Whether graph_ has a set-up to keep.
    bool walks_ = false;    // Whether to try without graph_.
    unsigned walks_begun_ = 0;
    unsigned walks_lost_ = 0;
    result result_;
    /// Findings that showed only after something else had failed, in every order of the steps: no
    /// execution that runs step by step is a witness of them.
    std::vector<finding> consequences_;
    std::vector<std::uint64_t> seen_;
    unsigned untold_ = 0;  // Runs that the watcher was not told of yet.
};

/// Adds `next`, which came after `sum`, to it.
void append_result(result& sum, const result& next);
/// How many of these occur more than once.
[[nodiscard]] std::uint64_t count_repeated(std::vector<std::uint64_t> seen);

[[nodiscard]] result explore_samples(const program& p, const options& how);
[[nodiscard]] result explore_bounded(const program& p, const options& how);
[[nodiscard]] result explore_exhaustively(const program& p, const options& how);
[[nodiscard]] result explore_states(const program& p, const options& how);
/// \return nothing if there are no fewer states than executions.
[[nodiscard]] std::optional<result> explore_fewer_states(const program& p, const options& how);

}  // namespace pidmap_stress::explore
