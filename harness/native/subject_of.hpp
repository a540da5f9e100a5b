#pragma once

#include "allocator/pid_allocator.hpp"
#include "allocator/pid_object.hpp"
#include "harness/native/subject.hpp"
#include "harness/world/jittered.hpp"
#include "harness/world/watched.hpp"

namespace pidmap_stress {

/// Namespaces that nest and close, and have objects: those of a pid_namespace.
template <class V>
concept nesting = pid_allocator<V> && requires(V& ns) {
    typename V::lifecycle;
    typename V::steps;
    { ns.parent->alloc_pidmap() } -> std::same_as<alloc_result>;
    { ns.level } -> std::convertible_to<unsigned>;
    { ns.disable_pid_allocation() } -> std::same_as<bool>;
    ns.objects.find(pid_nr{});
};

template <nesting V>
[[nodiscard]] object_of<V>& object_behind(pid_handle& handle) noexcept {
    return reinterpret_cast<object_of<V>&>(handle);
}
template <nesting V>
[[nodiscard]] const object_of<V>& object_behind(const pid_handle& handle) noexcept {
    return reinterpret_cast<const object_of<V>&>(handle);
}

template <pid_allocator V>
class tested_namespace_of final : public tested_namespace {
public:
    tested_namespace_of(std::uint16_t number, tenant_slot* cells,
                        const typename V::pid_max_cell& pid_max)
        : tested_namespace(number, cells), pid_max_(pid_max) {}

    [[nodiscard]] bool create(tested_namespace* above) noexcept override {
        auto* const parent = static_cast<tested_namespace_of*>(above);
        ns_ = create_namespace<V>(pid_max_, parent == nullptr ? nullptr : parent->ns_);
        if (ns_ == nullptr) return false;
        memory_domain::set_owner(ns_, this);
        external.store(1, std::memory_order::relaxed);
        if (parent == nullptr) return true;
        keeps = parent;
        level = parent->level + 1;
        awaits_init = true;
        parent->external.fetch_add(1, std::memory_order::relaxed);
        parent->children.fetch_add(1, std::memory_order::relaxed);
        return true;
    }
    [[nodiscard]] alloc_result alloc_pidmap() noexcept override { return ns_->alloc_pidmap(); }
    void free_pidmap(pid_nr nr) noexcept override { ns_->free_pidmap(nr); }
    void get() noexcept override { ns_->get(); }
    [[nodiscard]] bool get_unless_zero() noexcept override { return ns_->get_unless_zero(); }
    void put() noexcept override { ns_->put(); }

    [[nodiscard]] numbers_result alloc_numbers(std::span<pid_nr> numbers) noexcept override {
        if constexpr (nesting<V>) return ::pidmap_stress::alloc_numbers(*ns_, numbers);
        return {.result = alloc_error::no_memory, .at_level = 0};
    }
    void free_numbers(std::span<const pid_nr> numbers) noexcept override {
        if constexpr (nesting<V>) ::pidmap_stress::free_numbers(*ns_, numbers);
    }
    [[nodiscard]] handle_result alloc_pid() noexcept override {
        if constexpr (nesting<V>) {
            const auto got = ::pidmap_stress::alloc_pid(*ns_);
            if (got.object == nullptr) return {.error = got.error, .at_level = got.at_level};
            if constexpr (objects_of<V>::references != 0) {
                // The object is the caller's until free_pid(), so it cannot have ended by now.
                memory_domain::set_owner(got.object, &objects);
                external.fetch_add(objects_of<V>::references, std::memory_order::relaxed);
            }
            return {.object = reinterpret_cast<pid_handle*>(got.object)};
        }
        return {.error = alloc_error::no_memory};
    }
    void free_pid(pid_handle& object) noexcept override {
        if constexpr (nesting<V>) ::pidmap_stress::free_pid(*ns_, object_behind<V>(object));
    }
    [[nodiscard]] pid_handle* find_pid(pid_nr nr) noexcept override {
        if constexpr (nesting<V>)
            return reinterpret_cast<pid_handle*>(::pidmap_stress::find_pid(*ns_, nr));
        return nullptr;
    }
    bool disable_pid_allocation() noexcept override {
        if constexpr (nesting<V>) return ns_->disable_pid_allocation();
        return false;
    }
    void abandon(pid_nr first) noexcept override {
        if constexpr (nesting<V>) V::lifecycle::abandon(*ns_, first);
    }

    void set_last_pid(pid_nr last) noexcept override {
        if constexpr (nesting<V>) ns_->set_last_pid(last);
    }

    void peek(namespace_peek& into) const override {
        constexpr unsigned pages = V::geometry::max_pages;
        into.refcount = ns_->peek_refcount();
        into.pages.assign(pages, {});
        into.words.clear();
        for (unsigned p = 0; p < pages; ++p) {
            into.pages[p].nr_free = ns_->peek_nr_free(p);
            const auto* const bits = ns_->peek_bits(p);
            into.pages[p].installed = bits != nullptr;
            if (bits == nullptr) continue;
            for (unsigned w = 0; w < bits->words; ++w) into.words.push_back(bits->peek(w));
        }
        // Only now, because the words no longer move in memory.
        std::size_t first = 0;
        for (page_evidence& page : into.pages) {
            if (!page.installed) continue;
            constexpr std::size_t words = page_bits<typename V::policy>::words;
            page.bitmap = {into.words.data() + first, words};
            first += words;
        }
    }

    [[nodiscard]] bool alone_on_page(pid_nr nr) const noexcept override {
        const unsigned page = static_cast<unsigned>(nr) / V::geometry::bits_per_page;
        const auto* const bits = ns_->peek_bits(page);
        int used = page == 0 ? -1 : 0;  // Bit 0 is not a pid.
        for (unsigned w = 0; w < bits->words && used <= 1; ++w)
            used += std::popcount(bits->peek(w));
        return used == 1;
    }

private:
    const typename V::pid_max_cell& pid_max_;
    V* ns_ = nullptr;
};

template <pid_allocator V>
class subject_of final : public subject {
    using geometry = typename V::geometry;

public:
    [[nodiscard]] const variant_info& info() const noexcept override { return V::info; }
    void set_pid_max(pid_nr limit) noexcept override {
        // Relaxed: an allocation uses whatever value it happens to read.
        pid_max_.store(limit, std::memory_order::relaxed);
    }
    [[nodiscard]] pid_nr pid_max() const noexcept override { return V::policy::peek(pid_max_); }
    [[nodiscard]] unsigned bits_per_page() const noexcept override {
        return geometry::bits_per_page;
    }
    [[nodiscard]] pid_nr reserved_pids() const noexcept override { return geometry::reserved_pids; }
    [[nodiscard]] std::unique_ptr<tested_namespace> make_namespace(std::uint16_t number,
                                                                   tenant_slot* cells) override {
        return std::make_unique<tested_namespace_of<V>>(number, cells, pid_max_);
    }

    [[nodiscard]] int references_of_objects() const noexcept override {
        if constexpr (nesting<V>) return objects_of<V>::references;
        return 0;
    }
    void get_pid(pid_handle& object) noexcept override {
        if constexpr (nesting<V>) ::pidmap_stress::get_pid<V>(object_behind<V>(object));
    }
    void put_pid(pid_handle& object) noexcept override {
        if constexpr (nesting<V>) ::pidmap_stress::put_pid<V>(object_behind<V>(object));
    }
    [[nodiscard]] unsigned level_of(const pid_handle& object) const noexcept override {
        if constexpr (nesting<V>) return object_behind<V>(object).level;
        return 0;
    }
    [[nodiscard]] pid_nr number_of(const pid_handle& object,
                                   unsigned level) const noexcept override {
        if constexpr (nesting<V>) return object_behind<V>(object).numbers[level].get();
        return 0;
    }

private:
    typename V::pid_max_cell pid_max_{32768};
};

namespace detail {
template <class V>
[[nodiscard]] std::unique_ptr<subject> make_subject() {
    return std::make_unique<subject_of<V>>();
}
}  // namespace detail

template <template <class> class Variant>
[[nodiscard]] constexpr subject_entry make_subject_entry() noexcept {
    using plain = Variant<watched<native>>;
    using slow = Variant<jittered<watched<native>>>;
    check_contract<plain>();
    return {.info = &plain::info,
            .make = detail::make_subject<plain>,
            .make_jittered = detail::make_subject<slow>,
            .nests = nesting<plain>};
}

/// The same for a mutant, in one world: without --jitter it has no delays, and each access costs
/// one decrement more. There are many mutants, and each world adds to the time of a build.
template <template <class> class Mutant>
[[nodiscard]] constexpr subject_entry make_mutant_entry() noexcept {
    using slow = Mutant<jittered<watched<native>>>;
    check_contract<slow>();
    return {.info = &slow::info,
            .make = detail::make_subject<slow>,
            .make_jittered = detail::make_subject<slow>,
            .nests = nesting<slow>};
}

}  // namespace pidmap_stress
