#include "harness/explorer/search/strategies.hpp"

#include <algorithm>

namespace pidmap_stress::explore {

// --- PCT ----------------------------------------------------------------------------------------

void pct::restart(std::uint64_t number) {
    sampler::restart(number);
    // The length must not depend on what other jobs have run: it is a fixed guess, unless it is
    // given.
    longest_ = steps_ != 0 ? steps_ : 32;
    step_ = 0;
    lowest_ = max_threads;
    for (auto& p : priority_) p = max_threads + 1 + dice_.next() / 2;
    changes_.clear();
    for (unsigned i = 1; i < depth_; ++i) changes_.push_back(dice_.below(longest_));
}

unsigned pct::pick_thread(const thread_list& options, bool can_go_on) {
    if (can_go_on && std::ranges::find(changes_, step_) != changes_.end())
        priority_[options[0]] = --lowest_;
    ++step_;
    unsigned best = 0;
    for (unsigned i = 1; i < options.size(); ++i)
        if (priority_[options[i]] > priority_[options[best]]) best = i;
    return best;
}

// --- POS ----------------------------------------------------------------------------------------

void pos::announce(unsigned thread, const pending_step& next) {
    pending_[thread] = {.priority = dice_.next(), .step = next};
}

unsigned pos::pick_thread(const thread_list& options, bool) {
    unsigned best = 0;
    for (unsigned i = 1; i < options.size(); ++i)
        if (pending_[options[i]].priority > pending_[options[best]].priority) best = i;
    const pending_step taken = pending_[options[best]].step;
    if (taken.where == nowhere) return best;
    for (unsigned i = 0; i < options.size(); ++i) {
        pending& other = pending_[options[i]];
        if (i != best && other.step.where == taken.where && (other.step.writes || taken.writes))
            other.priority = dice_.next();
    }
    return best;
}

// --- SURW ---------------------------------------------------------------------------------------

void surw::restart(std::uint64_t number) {
    sampler::restart(number);
    next_at_.fill(nowhere);
    intended_ = 0;
    at_ = nowhere;
    left_.fill(0);
    if (shared_.empty()) return;
    const shared_location& chosen = shared_[dice_.below(static_cast<unsigned>(shared_.size()))];
    at_ = chosen.where;
    left_ = chosen.accesses;
}

unsigned surw::draw(const thread_list& options) {
    // A thread that is about to access it has an access left, whatever earlier executions did.
    const auto weight = [this](unsigned thread) {
        return std::max(left_[thread], is_of_interest(thread) ? 1U : 0U);
    };
    unsigned sum = 0;
    for (const unsigned thread : options) sum += weight(thread);
    if (sum == 0) return dice_.below(options.size());
    unsigned at = dice_.below(sum);
    unsigned i = 0;
    while (at >= weight(options[i])) at -= weight(options[i++]);
    return i;
}

unsigned surw::pick_thread(const thread_list& options, bool) {
    if (at_ == nowhere) return dice_.below(options.size());
    const auto is_there = [&](unsigned thread) {
        return std::ranges::find(options, thread) != options.end();
    };
    // One that waits or has ended may not hold up the others.
    if (intended_ == 0 || !is_there(intended_)) intended_ = options[draw(options)];
    std::array<unsigned, max_threads> may_go{};
    unsigned how_many = 0;
    for (unsigned i = 0; i < options.size(); ++i)
        if (options[i] == intended_ || !is_of_interest(options[i])) may_go[how_many++] = i;
    const unsigned chosen = may_go[dice_.below(how_many)];
    const unsigned thread = options[chosen];
    if (is_of_interest(thread)) {
        if (left_[thread] != 0) --left_[thread];
        intended_ = 0;
    }
    return chosen;
}

// --- Depth first --------------------------------------------------------------------------------

unsigned depth_first::pick(unsigned n) {
    if (next_ == path_.size())
        path_.push_back({.chosen = 0, .options = static_cast<std::uint16_t>(n)});
    return path_[next_++].chosen;
}

bool depth_first::advance() {
    path_.resize(std::min(path_.size(), next_));
    while (path_.size() > given_ && path_.back().chosen + 1 >= path_.back().options)
        path_.pop_back();
    if (path_.size() <= given_) return false;
    ++path_.back().chosen;
    return true;
}

// --- Bounded preemptions ------------------------------------------------------------------------

void bounded::restart() {
    depth_first::restart();
    used_ = 0;
}

unsigned bounded::pick_thread(const thread_list& options, bool can_go_on) {
    const bool spent = can_go_on && used_ == bound_;
    const unsigned chosen = pick(spent ? 1 : options.size());
    if (can_go_on && chosen != 0) ++used_;
    return chosen;
}

std::optional<bounded> bounded::split() {
    for (std::size_t i = given_; i < path_.size(); ++i) {
        decision& d = path_[i];
        if (d.chosen + 1 >= d.options) continue;
        bounded rest(bound_);
        rest.path_.assign(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        rest.path_.back().chosen = --d.options;
        rest.given_ = i + 1;
        return rest;
    }
    return std::nullopt;
}

}  // namespace pidmap_stress::explore
