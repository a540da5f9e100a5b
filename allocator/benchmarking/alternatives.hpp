#pragma once

#include <tbb/concurrent_queue.h>

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/stack.hpp>

#include <bit>
#include <cstdint>
#include <mutex>
#include <vector>

#include "allocator/contract.hpp"

/// What one would choose instead of a lock-free pidmap, to hand out numbers below a limit. None of
/// these counts references, and only the first one hands numbers out in order.
namespace pidmap_stress::benchmarking {

/// A bitmap under a mutex, searched as a pidmap is: behind the last pid, then from the wrap.
class mutex_bitset {
public:
    static constexpr const char* name = "mutex_bitset";

    explicit mutex_bitset(pid_nr pid_max)
        : words_(static_cast<std::size_t>(pid_max) / 64 + 1), end_(static_cast<unsigned>(pid_max)) {
        set(0);
    }

    [[nodiscard]] pid_nr alloc() {
        const std::scoped_lock lock(mutex_);
        unsigned found = next_clear(last_ + 1);
        if (found >= end_) found = next_clear(first_after_wrap);
        if (found >= end_) return 0;
        set(found);
        last_ = found;
        return static_cast<pid_nr>(found);
    }
    void free(pid_nr nr) {
        const std::scoped_lock lock(mutex_);
        const auto at = static_cast<unsigned>(nr);
        words_[at / 64] &= ~(std::uint64_t{1} << at % 64);
    }
    [[nodiscard]] bool holds(pid_nr nr) const {
        const auto at = static_cast<unsigned>(nr);
        return (words_[at / 64] >> at % 64 & 1) != 0;
    }

private:
    static constexpr unsigned first_after_wrap = 300;

    void set(unsigned at) { words_[at / 64] |= std::uint64_t{1} << at % 64; }
    [[nodiscard]] unsigned next_clear(unsigned from) const {
        while (from < end_) {
            const auto skipped =
                static_cast<unsigned>(std::countr_one(words_[from / 64] >> from % 64));
            const unsigned left_in_word = 64 - from % 64;
            if (skipped < left_in_word) return from + skipped;
            from += left_in_word;
        }
        return end_;
    }

    std::mutex mutex_;
    std::vector<std::uint64_t> words_;
    unsigned end_;
    unsigned last_ = 0;
};

/// Free numbers in oneTBB's unbounded queue.
class tbb_queue {
public:
    static constexpr const char* name = "tbb::concurrent_queue";

    explicit tbb_queue(pid_nr pid_max) {
        for (pid_nr nr = 1; nr < pid_max; ++nr) free_.push(nr);
    }
    [[nodiscard]] pid_nr alloc() {
        pid_nr nr = 0;
        return free_.try_pop(nr) ? nr : 0;
    }
    void free(pid_nr nr) { free_.push(nr); }

private:
    tbb::concurrent_queue<pid_nr> free_;
};

/// Free numbers in a container of Boost.Lockfree, all of whose nodes exist from the start.
template <class Container>
class boost_free_list {
public:
    explicit boost_free_list(pid_nr pid_max) : free_(static_cast<std::size_t>(pid_max)) {
        for (pid_nr nr = 1; nr < pid_max; ++nr) free_.bounded_push(nr);
    }
    [[nodiscard]] pid_nr alloc() {
        pid_nr nr = 0;
        return free_.pop(nr) ? nr : 0;
    }
    void free(pid_nr nr) { free_.bounded_push(nr); }

private:
    Container free_;
};
struct boost_queue : boost_free_list<boost::lockfree::queue<pid_nr>> {
    using boost_free_list::boost_free_list;
    static constexpr const char* name = "boost::lockfree::queue";
};
struct boost_stack : boost_free_list<boost::lockfree::stack<pid_nr>> {
    using boost_free_list::boost_free_list;
    static constexpr const char* name = "boost::lockfree::stack";
};

}  // namespace pidmap_stress::benchmarking
