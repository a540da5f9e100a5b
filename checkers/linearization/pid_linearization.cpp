#include "checkers/linearization/pid_linearization.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace pidmap_stress {
namespace {

/// A depth-first search on an explicit stack: histories are longer than the machine's stack.
///
/// A configuration is the set of linearized calls. The state (held or not) follows from it, so
/// Lowe's cache keeps sets only.
class search {
public:
    search(std::span<const operation> calls, const pid_search_rules& rules)
        : rules_(rules), held_(rules.initially_held) {
        // Completed calls come first: what is linearized of them is a prefix and a few more, which
        // makes for small keys. A pending call would be a gap in the prefix forever.
        for (const operation& one : calls)
            if (!one.pending()) calls_.push_back(one);
        completed_ = calls_.size();
        for (const operation& one : calls)
            if (one.pending()) calls_.push_back(one);
        linearized_.assign(calls_.size(), 0);
    }

    pid_linearization run() {
        enter();
        while (!stack_.empty() && first_open_ < completed_) {
            frame& top = stack_.back();
            if (top.tried == top.candidates.size()) {
                stack_.pop_back();
                if (!stack_.empty()) flip(stack_.back().chosen());
                continue;
            }
            ++top.tried;
            flip(top.chosen());
            if (!seen_.insert(key()).second) {
                flip(stack_.back().chosen());
                continue;
            }
            if (seen_.size() > rules_.most_configurations) {
                best_.decided = false;
                return best_;
            }
            enter();
        }
        if (first_open_ == completed_) best_ = {.linearizable = true};
        return best_;
    }

private:
    /// A configuration on the way to the current one, and the ways on from it.
    struct frame {
        std::vector<std::size_t> candidates;
        std::size_t tried = 0;
        [[nodiscard]] std::size_t chosen() const { return candidates[tried - 1]; }
    };

    /// Linearizes a call, or undoes that.
    void flip(std::size_t index) {
        linearized_[index] ^= 1;
        held_ = !held_;
        const bool done = linearized_[index] != 0;
        count_ += done ? std::size_t{1} : std::size_t(-1);
        if (index >= completed_) return;
        if (done) {
            end_ = std::max(end_, index + 1);
            while (first_open_ < completed_ && linearized_[first_open_] != 0) ++first_open_;
        } else {
            first_open_ = std::min(first_open_, index);
            while (end_ > first_open_ && linearized_[end_ - 1] == 0) --end_;
        }
    }

    /// The linearized calls: all before `first_open_`, some before `end_`, some pending ones.
    [[nodiscard]] std::string key() const {
        std::string bits = std::to_string(first_open_) + ':';
        const auto pack = [&](std::size_t from, std::size_t until) {
            unsigned byte = 1;  // A guard bit keeps strings of different lengths apart.
            for (std::size_t i = from; i < until; ++i) {
                byte = byte << 1 | linearized_[i];
                if (byte >= 128) {
                    bits += static_cast<char>(byte);
                    byte = 1;
                }
            }
            bits += static_cast<char>(byte);
        };
        pack(completed_, calls_.size());
        if (end_ > first_open_) pack(first_open_, end_);
        return bits;
    }

    /// Pushes the current configuration: which calls can be linearized next?
    void enter() {
        std::vector<std::size_t> open;
        ticks first_return = never;
        // Sorted by call, so a call after the first return has only such calls behind it.
        for (std::size_t i = first_open_; i < completed_; ++i) {
            if (linearized_[i] != 0) continue;
            if (calls_[i].called > first_return) break;
            first_return = std::min(first_return, later(calls_[i].returned, rules_.skew));
            open.push_back(i);
        }
        for (std::size_t i = completed_; i < calls_.size(); ++i)
            if (linearized_[i] == 0 && calls_[i].called <= first_return) open.push_back(i);

        frame next;
        const operation_kind legal = held_ ? operation_kind::free : operation_kind::alloc;
        for (const std::size_t i : open)
            if (calls_[i].kind == legal) next.candidates.push_back(i);
        // The first to return is the likeliest to have been first, and pending ones are a last
        // resort.
        std::ranges::sort(next.candidates, {},
                          [this](std::size_t i) { return calls_[i].returned; });
        if (next.candidates.empty() && (count_ >= best_.explained || best_.stuck.empty())) {
            best_ = {.explained = count_, .held = held_};
            for (const std::size_t i : open) best_.stuck.push_back(calls_[i]);
        }
        stack_.push_back(std::move(next));
    }

    pid_search_rules rules_;
    std::vector<operation> calls_;
    std::size_t completed_ = 0;
    std::vector<std::uint8_t> linearized_;
    std::size_t count_ = 0;
    std::size_t first_open_ = 0;  ///< The first completed call that is not linearized.
    std::size_t end_ = 0;         ///< Behind the last completed call that is.
    bool held_;
    std::vector<frame> stack_;
    std::unordered_set<std::string> seen_;
    pid_linearization best_{};
};

}  // namespace

pid_linearization linearize_pid(std::span<const operation> calls, const pid_search_rules& rules) {
    return search(calls, rules).run();
}

}  // namespace pidmap_stress
