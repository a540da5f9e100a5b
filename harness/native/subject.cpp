#include "harness/native/subject.hpp"

namespace pidmap_stress {
namespace {

/// Keeps the books of the namespace that a child or an object had a reference on.
void drop_what_it_keeps(memory_domain::release_record& ended) noexcept {
    if (ended.keeps != nullptr)
        static_cast<tested_namespace*>(ended.keeps)
            ->external.fetch_sub(1, std::memory_order::relaxed);
}

}  // namespace

tested_namespace::tested_namespace(std::uint16_t number, tenant_slot* cells) : cells_(cells) {
    id = number;
    objects.id = number;
    objects.shared = true;
    objects.keeps = this;
    objects.unpublish = drop_what_it_keeps;
    unpublish = [](release_record& record) noexcept {
        auto& ns = static_cast<tested_namespace&>(record);
        drop_what_it_keeps(record);
        if (tested_namespace* const above = ns.parent())
            above->children.fetch_sub(1, std::memory_order::relaxed);
        if (ns.home == nullptr) return;
        tested_namespace* mine = &ns;
        // Relaxed: a worker that looks it up now finds nothing, and nothing follows from that.
        ns.home->current.compare_exchange_strong(mine, nullptr, std::memory_order::relaxed);
    };
}

void tested_namespace::reset() noexcept {
    releases.store(0, std::memory_order::relaxed);
    external.store(0, std::memory_order::relaxed);
    children.store(0, std::memory_order::relaxed);
    home = nullptr;
    past_reserved = false;
    keeps = nullptr;
    level = 0;
    awaits_init = false;
    may_be_closed = false;
    closed.store(false, std::memory_order::relaxed);
    told_dead.store(false, std::memory_order::relaxed);
    hint_was_set.store(false, std::memory_order::relaxed);
    ++generation;
    held.clear();
    held_before.clear();
    external_before = 1;
    closed_before = false;
}

const subject_entry* find_subject(std::string_view name) noexcept {
    for (const std::span<const subject_entry> list : {variant_subjects(), mutant_subjects()})
        for (const subject_entry& entry : list)
            if (entry.info->name == name) return &entry;
    return nullptr;
}

}  // namespace pidmap_stress
