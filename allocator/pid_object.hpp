#pragma once

#include <array>
#include <cassert>

#include "allocator/pid_numbers.hpp"

/// The identity of a task: a counted object with a number at every level. It may outlive its
/// numbers, as a user that was handed it may keep it.
///
/// Every synchronizing access has a number: slots of the table (T1, T2), the count (O1, O2).
namespace pidmap_stress {

/// The kernel's struct pid.
///
/// Its numbers are set before it is published, and never change. The cells are plain ones: a worker
/// that reads them without a reference, or after the last put, is in a data race.
template <execution_policy P>
struct pid_object {
    template <class T, cell_role Role = cell_role::data>
    using atomic = typename P::template atomic<T, Role>;
    template <class T>
    using plain = typename P::template plain<T>;

    explicit pid_object(unsigned deepest_level) noexcept : level(deepest_level) {}

    /// References: one for being in the table, and one for each user.
    atomic<int, cell_role::object> count{1};
    /// Of the deepest namespace.
    const unsigned level;
    /// The deepest namespace. It may be gone while the object still exists.
    plain<void*> home{nullptr};
    std::array<plain<pid_nr>, max_level + 1> numbers{};

    /// For judges: no step of the algorithm.
    [[nodiscard]] int peek_count() const noexcept { return P::peek(count); }
};

/// What the objects of a variant do.
template <class Namespace>
using objects_of = typename Namespace::steps::objects;
template <class Namespace>
using object_of = pid_object<typename Namespace::policy>;

/// An object, or why there is no object, and at which level.
template <class Object>
struct object_result {
    Object* object = nullptr;
    alloc_error error{};
    unsigned at_level = 0;
};

/// Makes an object with a number at every level, and publishes it. The caller has it until
/// free_pid(), and the one reference that it begins with is the table's.
///
/// \pre As for alloc_numbers().
template <class Namespace>
[[nodiscard]] object_result<object_of<Namespace>> alloc_pid(Namespace& deepest) noexcept;

/// The task is gone: the object is taken out of every table, its numbers go back, and the table's
/// reference is dropped. This may be the end of the namespaces, and of the object.
///
/// \pre The caller got the object from alloc_pid().
template <class Namespace>
void free_pid(Namespace& deepest, object_of<Namespace>& object) noexcept;

/// The object that has `nr` in this namespace, with a reference for the caller, or nullptr.
///
/// \pre A read-side critical section, and the namespace is kept alive, if only by that.
/// \guarantees  The object had the number at some time during the call, if the call began when
///              the number's last owner was published, or earlier.
template <class Namespace>
[[nodiscard]] object_of<Namespace>* find_pid(Namespace& ns, pid_nr nr) noexcept;

/// Takes another reference. \pre The caller has one.
template <class Namespace>
void get_pid(object_of<Namespace>& object) noexcept {
    objects_of<Namespace>::get(object);
}

/// Drops a reference that the caller has; with the last one the object goes.
template <class Namespace>
void put_pid(object_of<Namespace>& object) noexcept;

// ------------------------------------------------------------------------------------------------

namespace detail {
/// An object whose numbers could not be allocated, or cannot be kept. No other worker has seen it.
template <class Namespace>
object_result<object_of<Namespace>> no_object(object_of<Namespace>& object, alloc_error why,
                                              unsigned at_level) noexcept {
    Namespace::policy::destroy(&object);
    return {.error = why, .at_level = at_level};
}
}  // namespace detail

template <class Namespace>
object_result<object_of<Namespace>> alloc_pid(Namespace& deepest) noexcept {
    using P = typename Namespace::policy;
    using slot = typename pid_table<P>::slot;
    auto* const object = P::template create<pid_object<P>>(deepest.level);
    if (object == nullptr) return {.error = alloc_error::no_memory, .at_level = deepest.level};
    std::array<pid_nr, max_level + 1> numbers{};
    const numbers_result got = alloc_numbers(deepest, numbers);
    if (!got.result) return detail::no_object<Namespace>(*object, got.result.error(), got.at_level);

    std::array<slot*, max_level + 1> slots{};
    for (Namespace* ns = &deepest; ns != nullptr; ns = static_cast<Namespace*>(ns->parent)) {
        const unsigned level = ns->level;
        slots[level] = ns->objects.need(numbers[level]);
        if (slots[level] != nullptr) continue;
        detail::take_back_all_numbers(deepest, numbers);
        return detail::no_object<Namespace>(*object, alloc_error::no_memory, level);
    }
    for (unsigned level = 0; level <= deepest.level; ++level)
        object->numbers[level].set(numbers[level]);
    object->home.set(&deepest);
    objects_of<Namespace>::attach(deepest);
    // (T1) Release, read by (T2): a worker that finds the object finds it made.
    for (unsigned level = 0; level <= deepest.level; ++level)
        slots[level]->store(object, std::memory_order::release);
    return {.object = object};
}

template <class Namespace>
void free_pid(Namespace& deepest, object_of<Namespace>& object) noexcept {
    std::array<pid_nr, max_level + 1> numbers{};
    for (Namespace* ns = &deepest; ns != nullptr; ns = static_cast<Namespace*>(ns->parent)) {
        numbers[ns->level] = object.numbers[ns->level].get();
        auto* const slot = ns->objects.find(numbers[ns->level]);
        assert(slot != nullptr && "alloc_pid() made it");
        objects_of<Namespace>::unpublish(*slot);
    }
    free_numbers(deepest, numbers);
    put_pid<Namespace>(object);
}

template <class Namespace>
object_of<Namespace>* find_pid(Namespace& ns, pid_nr nr) noexcept {
    auto* const slot = ns.objects.find(nr);
    if (slot == nullptr) return nullptr;
    // (T2) Acquire, from (T1): the object is seen made.
    auto* const object = slot->load(std::memory_order::acquire);
    if (object == nullptr || !objects_of<Namespace>::get_unless_zero(*object)) return nullptr;
    return object;
}

template <class Namespace>
void put_pid(object_of<Namespace>& object) noexcept {
    if (!objects_of<Namespace>::drop(object)) return;
    objects_of<Namespace>::detach(*static_cast<Namespace*>(object.home.get()));
    Namespace::policy::retire(&object);
}

}  // namespace pidmap_stress
