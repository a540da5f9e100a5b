#include "harness/native/stage.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "checkers/leaks.hpp"
#include "checkers/linearization/linearizable.hpp"
#include "checkers/reuse.hpp"
#include "checkers/tenancy.hpp"
#include "harness/native/worker.hpp"
#include "harness/world/board.hpp"
#include "harness/world/clock.hpp"
#include "harness/world/read_side.hpp"

namespace pidmap_stress {
namespace {

/// How many namespaces all workers can make in one round, as their numbers have 16 bits; and the
/// most that the cells of one worker's namespaces may take together.
constexpr std::size_t objects_of_all = 60'000;
constexpr std::size_t cell_bytes_per_worker = std::size_t{64} << 20;

/// How many namespaces a worker may have in a round.
[[nodiscard]] std::size_t namespaces_of_each(const stage::settings& how) noexcept {
    const std::size_t cells = static_cast<std::size_t>(how.highest_pid_max) * sizeof(tenant_slot);
    return std::clamp<std::size_t>(
        cell_bytes_per_worker / cells, 2,
        std::min(how.namespaces_each, objects_of_all / (how.workers + 1)));
}

void report_all(const std::vector<finding>& several) {
    for (const finding& one : several) report(one);
}

}  // namespace

stage::stage(subject& under_test, board& report_to, const settings& how)
    : subject_(under_test),
      board_(report_to),
      how_(how),
      cells_(namespaces_of_each(how) * (how.workers + 1), how.highest_pid_max) {
    stores_.resize(how.workers + 1);
    for (store& one : stores_)
        for (std::size_t n = 0; n < namespaces_of_each(how); ++n) one.free.push_back(make_object());
    for (unsigned n = 0; n < how.workers; ++n)
        workers_.push_back(std::make_unique<worker>(*this, n));
    main_ = std::make_unique<worker>(*this, how.workers);
    main_->begin_round(split(how.key, "main"), UINT32_MAX, false);
    set_pid_max(how.highest_pid_max);
}

stage::~stage() = default;

tested_namespace* stage::make_object() {
    const auto number = static_cast<std::uint16_t>(objects_.size());
    objects_.push_back(subject_.make_namespace(number, cells_.of(number)));
    return objects_.back().get();
}

tested_namespace* stage::take_object(unsigned worker_number) {
    store& mine = stores_[worker_number];
    if (mine.free.empty()) return nullptr;
    tested_namespace* const object = mine.free.back();
    mine.free.pop_back();
    mine.used.push_back(object);
    return object;
}

void stage::give_object_back(unsigned worker_number) {
    store& mine = stores_[worker_number];
    mine.free.push_back(mine.used.back());
    mine.used.pop_back();
}

table_slot& stage::add_slot() {
    return slots_.emplace_back();
}

tested_namespace* stage::create(tested_namespace* above) {
    tested_namespace* const ns = main_->create(above);
    if (ns != nullptr) main_->references.push_back(ns);
    return ns;
}

void stage::drop_creators_reference(tested_namespace& ns) {
    std::erase(main_->references, &ns);
    main_->put(ns);
}

void stage::seat_workers(table_slot& slot, tested_namespace& ns) {
    slot.current.store(&ns, std::memory_order::relaxed);  // No worker runs.
    if (how_.how == discipline::reference) {
        for (const auto& one : workers_) {
            one->get(ns);
            one->references.push_back(&ns);
        }
        return;
    }
    if (how_.how == discipline::member) {
        for (const auto& one : workers_) {
            if (!one->alloc_in(ns)) continue;
            one->anchors.push_back(one->held.back());
            one->held.pop_back();
        }
    } else {
        ns.home = &slot;
    }
    drop_creators_reference(ns);
}

void stage::seat_workers_on_held(table_slot& slot, tested_namespace& ns) {
    if (how_.how != discipline::member) return seat_workers(slot, ns);
    slot.current.store(&ns, std::memory_order::relaxed);
    for (const auto& one : workers_) {
        const auto mine = std::ranges::find(main_->held, &ns, &held_pid::ns);
        if (mine == main_->held.end()) break;
        ns.cell(mine->nr) = static_cast<tenant_slot>(one->number() + 1);
        one->anchors.push_back(*mine);
        main_->held.erase(mine);
    }
    drop_creators_reference(ns);
}

void stage::set_pid_max(pid_nr limit) noexcept {
    subject_.set_pid_max(limit);
    lowest_pid_max_ = limit;
}

void stage::begin_history() {
    collect_held();
    for (store& one : stores_)
        for (tested_namespace* ns : one.used) {
            ns->held_before = ns->held;
            ns->external_before =
                static_cast<unsigned>(ns->external.load(std::memory_order::relaxed));
            ns->closed_before = ns->closed.load(std::memory_order::relaxed);
        }
}

void stage::collect_held() {
    for (store& one : stores_)
        for (tested_namespace* ns : one.used) ns->held.clear();
    const auto collect = [](const worker& from) {
        for (const held_pid& what : from.held) what.ns->held.push_back(what.nr);
        for (const held_pid& what : from.anchors) what.ns->held.push_back(what.nr);
        for (const held_task& one : from.tasks)
            for (const held_pid& what : one.pids) what.ns->held.push_back(what.nr);
    };
    for (const auto& one : workers_) collect(*one);
    collect(*main_);
}

void stage::note_who_is_past_reserved() {
    bool none_reserved = true;
    for (const auto& one : workers_) none_reserved &= !one->got_reserved();
    if (!none_reserved) return;
    for (const auto& one : workers_)
        if (tested_namespace* const ns = one->last_in()) ns->past_reserved = true;
}

void stage::audit(bool with_history) {
    read_side::drain();
    note_who_is_past_reserved();
    collect_held();
    if (with_history) judge_history();
    for (store& one : stores_)
        for (tested_namespace* ns : one.used) audit_namespace(*ns, ns->held, peek_);
    memory_domain::inspect_quarantine();
    recycle();
}

void stage::audit_namespace(const tested_namespace& ns, std::span<const pid_nr> held,
                            namespace_peek& peek) {
    namespace_evidence evidence{
        .which = {.id = ns.id, .generation = ns.generation},
        .counts = subject_.info().counts,
        .external_references = static_cast<unsigned>(ns.external.load(std::memory_order::relaxed)),
        .released = ns.released(),
        .pid_max = subject_.pid_max(),
        .bits_per_page = subject_.bits_per_page(),
        .held = held};
    if (!evidence.released) {
        ns.peek(peek);
        evidence.refcount = peek.refcount;
        evidence.pages = peek.pages;
    }
    report_all(::pidmap_stress::audit(evidence));
    if (ns.told_dead.load(std::memory_order::relaxed) && !evidence.released &&
        !ns.closed.load(std::memory_order::relaxed))
        report({.broken = invariant::linearizable,
                .what = fmt::format("namespace {}.{} said that it is dead, which it is not, and "
                                    "nobody has closed it",
                                    ns.id, ns.generation)});
}

void stage::judge_history() {
    std::vector<operation> all;
    for (const auto& one : workers_)
        all.insert(all.end(), one->history().begin(), one->history().end());
    for (const std::vector<operation>& part : split_by_namespace(all)) {
        // An object stands for one namespace in a round: it is used again after a recycle() only.
        const tested_namespace& ns = *objects_[part.front().where.id];
        const linearizability judged =
            judge_linearizable(part, {.lowest_pid_max = lowest_pid_max_,
                                      .reserved_pids = subject_.reserved_pids(),
                                      .initial_references = ns.external_before,
                                      .initially_held = ns.held_before,
                                      .initially_closed = ns.closed_before,
                                      .skew = clock_skew});
        report_all(judged.findings);
        if (!judged.decided) board_.undecided.fetch_add(1, std::memory_order::relaxed);
        // A worker that moves the hint may move it back, and then a pid may come again at once.
        if (ns.hint_was_set.load(std::memory_order::relaxed)) continue;
        const std::uint64_t held_at_most = ns.held_before.size() + part.size();
        if (const auto reuse = find_immediate_reuse({.operations = part,
                                                     .complete_since = 0,
                                                     .held_at_most = held_at_most,
                                                     .lowest_pid_max = lowest_pid_max_,
                                                     .reserved_pids = subject_.reserved_pids(),
                                                     .bits_per_page = subject_.bits_per_page(),
                                                     .skew = clock_skew}))
            report(*reuse);
    }
    if (const auto clash = find_double_tenancy(tenancies_of(all, clock_skew))) report(*clash);
}

void stage::recycle() {
    for (store& one : stores_) {
        std::erase_if(one.used, [&one](tested_namespace* ns) {
            if (!ns->released() || !ns->held.empty()) return false;
            ns->reset();
            one.free.push_back(ns);
            return true;
        });
    }
}

void stage::empty() {
    const auto leave = [](worker& one) {
        while (!one.tasks.empty()) one.end_last_task();
        while (!one.held.empty()) one.free_last();
        while (!one.anchors.empty()) {
            const held_pid what = one.anchors.back();
            one.anchors.pop_back();
            one.free_pid(what);
        }
        while (!one.references.empty()) {
            tested_namespace& ns = *one.references.back();
            one.references.pop_back();
            one.put(ns);
        }
        // Objects last: their namespace is gone by now unless they hold a reference.
        while (!one.objects.empty()) one.drop_object(one.objects.size() - 1);
    };
    for (const auto& one : workers_) leave(*one);
    leave(*main_);
    read_side::drain();
    if (board_.stop.load(std::memory_order::relaxed) == board::end_trial) return;

    const memory_domain::object_counts counts = memory_domain::counts();
    constexpr std::array<std::string_view, memory_domain::object_kinds> kinds{
        "namespaces", "pages", "pid objects", "parts of pid tables"};
    std::array<object_count, memory_domain::object_kinds> evidence{};
    for (std::size_t k = 0; k < kinds.size(); ++k)
        evidence[k] = {
            .kind = kinds[k], .created = counts.created[k], .destroyed = counts.destroyed[k]};
    report_all(judge_leaks(evidence));
    memory_domain::inspect_quarantine();
    // What leaked stays leaked, and its object with it: no part of it is used again.
    for (store& one : stores_)
        for (tested_namespace* ns : one.used) ns->held.clear();
    recycle();
    slots_.clear();
    for (const auto& one : workers_) one->forget_everything();
    main_->forget_everything();
}

}  // namespace pidmap_stress
