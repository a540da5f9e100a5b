#include "harness/explorer/model/instants.hpp"

#include <algorithm>

namespace pidmap_stress::explore {

void instants::restart(const graph& g, unsigned threads, std::span<const location_id> watched,
                       span_of_events which) {
    graph_ = &g;
    threads_ = threads;
    watched_ = watched;
    left_.clear();
    collect(which);

    constexpr std::uint64_t most_bits = 1ULL << 20U;
    std::uint64_t count = 1;
    stride_.resize(threads_);
    few_ = true;
    for (std::size_t t = 0; t < threads_; ++t) {
        stride_[t] = count;
        count *= writes_[t].size() + 1;
        few_ = few_ && count <= most_bits;
    }
    if (few_)
        met_bits_.assign(count / 64 + 1, 0);
    else
        met_.clear();

    at_.assign(threads_ + watched_.size(), 0);
    for (std::size_t c = 0; c < watched_.size(); ++c) at_[threads_ + c] = g.first(watched_[c]);
    if (which.known == 0 && meet(0)) left_.insert(left_.end(), at_.begin(), at_.end());
    // An instant with anything new holds the first new write of some thread.
    for (unsigned t = 0; t < threads_; ++t) {
        const auto first = std::ranges::find_if(
            writes_[t], [&](const change& c) { return c.write > which.known; });
        if (first != writes_[t].end())
            start_with(t, static_cast<std::size_t>(first - writes_[t].begin()));
    }
}

void instants::collect(span_of_events which) {
    const graph& g = *graph_;
    if (writes_.size() < threads_) {
        writes_.resize(threads_);
        needs_.resize(threads_);
    }
    for (std::size_t t = 0; t < threads_; ++t) writes_[t].clear();
    ranks_.resize(g.size() + 1U);
    for (std::size_t c = 0; c < watched_.size(); ++c) {
        std::uint16_t rank = 0;
        for (event_id w = g.first(watched_[c]); w != no_event; w = g[w].after) {
            ranks_[w] = rank++;
            if (g[w].thread == 0 || w > which.last) continue;
            writes_[g[w].thread - 1U].push_back(
                {.write = w, .cell = static_cast<std::uint16_t>(c), .rank = ranks_[w]});
        }
    }
    for (std::size_t t = 0; t < threads_; ++t) std::ranges::sort(writes_[t], {}, &change::write);
    for (std::size_t t = 0; t < threads_; ++t) {
        needs_[t].resize(writes_[t].size() * threads_);
        for (std::size_t i = 0; i < writes_[t].size(); ++i)
            for (std::size_t u = 0; u < threads_; ++u) {
                // What a write needs, a later one of its thread needs as well.
                std::uint16_t n = i == 0 ? std::uint16_t{0} : needs_[t][(i - 1) * threads_ + u];
                while (n < writes_[u].size() &&
                       g.comes_before(writes_[u][n].write, writes_[t][i].write))
                    ++n;
                needs_[t][i * threads_ + u] = n;
            }
    }
}

void instants::apply(instant& to, const change& c) const noexcept {
    std::uint16_t& newest = to[threads_ + c.cell];
    if (newest == no_event || ranks_[newest] < c.rank) newest = c.write;
}

std::uint64_t instants::number_of(const instant& one) const noexcept {
    std::uint64_t number = 0;
    for (std::size_t t = 0; t < threads_; ++t) number += one[t] * stride_[t];
    return number;
}

bool instants::meet(std::uint64_t number) {
    if (!few_) return met_.insert(number).second;
    std::uint64_t& word = met_bits_[number / 64];
    const std::uint64_t bit = 1ULL << (number % 64);
    const bool first = (word & bit) == 0;
    word |= bit;
    return first;
}

void instants::start_with(unsigned thread, std::size_t first_new) {
    scratch_.assign(threads_ + watched_.size(), 0);
    for (std::size_t c = 0; c < watched_.size(); ++c)
        scratch_[threads_ + c] = graph_->first(watched_[c]);
    for (std::size_t u = 0; u < threads_; ++u) {
        scratch_[u] = u == thread ? static_cast<std::uint16_t>(first_new + 1)
                                  : needs(thread, first_new, static_cast<unsigned>(u));
        for (std::size_t i = 0; i < scratch_[u]; ++i) apply(scratch_, writes_[u][i]);
    }
    if (meet(number_of(scratch_))) left_.insert(left_.end(), scratch_.begin(), scratch_.end());
}

bool instants::next() {
    if (left_.empty()) return false;
    std::copy(left_.end() - static_cast<std::ptrdiff_t>(at_.size()), left_.end(), at_.begin());
    left_.resize(left_.size() - at_.size());
    const std::uint64_t number = number_of(at_);
    for (unsigned t = 0; t < threads_; ++t) {
        const std::size_t i = at_[t];
        if (i == writes_[t].size()) continue;
        bool possible = true;
        for (unsigned u = 0; u < threads_; ++u)
            possible = possible && (u == t || at_[u] >= needs(t, i, u));
        if (!possible || !meet(number + stride_[t])) continue;
        scratch_ = at_;
        ++scratch_[t];
        apply(scratch_, writes_[t][i]);
        left_.insert(left_.end(), scratch_.begin(), scratch_.end());
    }
    return true;
}

vector_clock instants::events() const {
    vector_clock all = vector_clock::after_set_up();
    for (std::size_t t = 0; t < threads_; ++t)
        if (at_[t] > 0) all.join(graph_->precedes_always(writes_[t][at_[t] - 1U].write));
    return all;
}

}  // namespace pidmap_stress::explore
