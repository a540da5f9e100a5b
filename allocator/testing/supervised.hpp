#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "allocator/execution_policy.hpp"

namespace pidmap_stress::testing {

/// The native world with its heap watched: objects are counted, a creation can be made to fail,
/// and a retired object can be kept, as if a reader were still looking at it.
///
/// There is one set of books for each geometry, and tests run one after another: reset() first.
/// They use relaxed accesses only, so as not to order what they watch.
template <geometry_trait Geometry>
struct supervised : basic_native<Geometry> {
    /// Forgets everything; what is retired is destroyed first.
    static void reset() {
        drain();
        live_ = 0;
        creations_ = 0;
        retirements_ = 0;
        failing_ = 0;
        keep_retired_ = false;
        during_creation_ = nullptr;
    }
    /// Makes the k-th creation from now on fail, counted from 1; 0: none.
    static void fail_creation(int k) {
        creations_ = 0;
        failing_ = k;
    }
    /// Does something once, as another worker might, while the next creation is under way.
    static void during_creation(std::function<void()> action) {
        during_creation_ = std::move(action);
    }
    static void keep_retired() { keep_retired_ = true; }
    /// Destroys what was retired: all readers have left.
    static void drain() {
        for (const std::function<void()>& destroy_one : std::exchange(retired_, {})) destroy_one();
    }

    [[nodiscard]] static int live() { return live_.load(std::memory_order::relaxed); }
    [[nodiscard]] static int retirements() { return retirements_.load(std::memory_order::relaxed); }

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        if (creations_.fetch_add(1, std::memory_order::relaxed) + 1 == failing_) return nullptr;
        live_.fetch_add(1, std::memory_order::relaxed);
        if (during_creation_) std::exchange(during_creation_, nullptr)();
        return basic_native<Geometry>::template create<T>(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        live_.fetch_sub(1, std::memory_order::relaxed);
        basic_native<Geometry>::destroy(object);
    }
    template <class T>
    static void retire(T* object) noexcept {
        retirements_.fetch_add(1, std::memory_order::relaxed);
        if (!keep_retired_) return destroy(object);
        const std::scoped_lock lock(retired_mutex_);
        retired_.push_back([object] { destroy(object); });
    }

private:
    static inline std::atomic<int> live_{0};
    static inline std::atomic<int> creations_{0};
    static inline std::atomic<int> retirements_{0};
    static inline int failing_ = 0;
    static inline bool keep_retired_ = false;
    static inline std::function<void()> during_creation_;
    static inline std::mutex retired_mutex_;
    static inline std::vector<std::function<void()>> retired_;
};

/// An atomic that counts how often an algorithm accesses it.
template <class T>
class counted_atomic : public std::atomic<T> {
public:
    using std::atomic<T>::atomic;
    static inline int accesses = 0;

    [[nodiscard]] T load(std::memory_order order) const noexcept {
        ++accesses;
        return std::atomic<T>::load(order);
    }
    T fetch_add(T change, std::memory_order order) noexcept {
        ++accesses;
        return std::atomic<T>::fetch_add(change, order);
    }
    T fetch_sub(T change, std::memory_order order) noexcept {
        ++accesses;
        return std::atomic<T>::fetch_sub(change, order);
    }
    bool compare_exchange_strong(T& expected, T wanted, std::memory_order success,
                                 std::memory_order failure) noexcept {
        ++accesses;
        return std::atomic<T>::compare_exchange_strong(expected, wanted, success, failure);
    }
};

/// The native world, with the accesses to refcounts counted. For one thread only.
template <geometry_trait Geometry>
struct counted_refcount : basic_native<Geometry> {
    template <class T, cell_role Role = cell_role::data>
    using atomic =
        std::conditional_t<Role == cell_role::refcount, counted_atomic<T>, std::atomic<T>>;

    [[nodiscard]] static int& accesses() { return counted_atomic<int>::accesses; }
};

}  // namespace pidmap_stress::testing
