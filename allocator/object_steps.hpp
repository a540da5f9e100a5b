#pragma once

#include <atomic>

/// What a variant decides about its pid objects. Their count has the numbers (O1, O2).
namespace pidmap_stress {

/// How an object relates to its namespace, and how it is counted. A variant chooses one of these as
/// `objects` in its steps; a mutant inherits and overrides.
///
/// This one takes no reference on the namespace, and does not touch it at its end, which may come
/// long after the namespace's.
struct forgetful_objects {
    /// References on the deepest namespace that an object has for its whole life.
    static constexpr int references = 0;

    /// The object has its numbers, and is about to be published.
    template <class Namespace>
    static void attach(Namespace&) noexcept {}

    /// The last reference on the object is gone, and perhaps the namespace too.
    template <class Namespace>
    static void detach(Namespace&) noexcept {}

    /// Takes a reference. \pre The caller has one.
    template <class Object>
    static void get(Object& object) noexcept {
        // (O1) Relaxed: taking a reference publishes nothing.
        object.count.fetch_add(1, std::memory_order::relaxed);
    }

    /// Takes a reference, unless the last one is gone. \pre A read-side critical section.
    template <class Object>
    [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
        // Relaxed: the object was seen published by (T2), and what it says never changes. (O1)
        int count = object.count.load(std::memory_order::relaxed);
        while (count != 0)
            if (object.count.compare_exchange_strong(count, count + 1, std::memory_order::relaxed,
                                                     std::memory_order::relaxed))
                return true;
        return false;
    }

    /// Drops a reference. \returns Whether it was the last one.
    template <class Object>
    [[nodiscard]] static bool drop(Object& object) noexcept {
        // (O2) Release, so that the last put comes after what every earlier putter did with the
        // object; acquire, so that its end comes after all that. Partner: (O2) itself.
        return object.count.fetch_sub(1, std::memory_order::acq_rel) == 1;
    }

    /// The object is taken out of the table at one level, before its number goes back.
    template <class Slot>
    static void unpublish(Slot& slot) noexcept {
        // Relaxed: a worker that misses the object in the table learns nothing from that. The next
        // owner of the number publishes after this: F1 -> A1 of the bitmap.
        slot.store(nullptr, std::memory_order::relaxed);
    }
};

/// The kernel's form of 2007, and what the patch overlooks: an object comes from a slab cache of
/// its namespace, and so touches the namespace when it ends, without a reference on it.
struct remembering_objects : forgetful_objects {
    template <class Namespace>
    static void attach(Namespace& ns) noexcept {
        // Relaxed: a statistic.
        ns.objects_made.fetch_add(1, std::memory_order::relaxed);
    }
    template <class Namespace>
    static void detach(Namespace& ns) noexcept {
        ns.objects_made.fetch_sub(1, std::memory_order::relaxed);
    }
};

/// Linux's form to this day: the object touches its namespace at its end, and has a reference on it
/// until then.
struct counted_objects : remembering_objects {
    static constexpr int references = 1;

    template <class Namespace>
    static void attach(Namespace& ns) noexcept {
        ns.get();  // The numbers keep the namespace meanwhile.
        remembering_objects::attach(ns);
    }
    template <class Namespace>
    static void detach(Namespace& ns) noexcept {
        remembering_objects::detach(ns);
        ns.put();
    }
};

}  // namespace pidmap_stress
