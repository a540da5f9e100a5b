#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "harness/explorer/litmus/straight_line.hpp"
#include "harness/explorer/search/explore.hpp"

/// The memory model as its text has it, for tests: every assignment of a write to each read and
/// every order of the writes of each cell is tried, and [intro.races] decides which ones are
/// executions, together with [atomics.order] for model::cxx20, and with RC11's axiom of sequential
/// consistency for model::rc11. It shares nothing with the engine except the names of its options,
/// and is as slow as it is simple.
///
/// \source Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11.
///         PLDI 2017. Its two changes here are those of C++20: release sequences continue through
///         read-modify-writes only, and po;hb;po is what strongly happens-before is made of, at any
///         locations.
namespace pidmap_stress::explore::axiomatic {

using enum std::memory_order;

using namespace straight_line;

// --- The axioms ---------------------------------------------------------------------------------

inline constexpr unsigned max_events = 16;

/// A relation over events, as rows of bits.
struct relation {
    std::array<std::uint32_t, max_events> row{};

    void add(unsigned a, unsigned b) { row[a] |= 1U << b; }
    [[nodiscard]] bool has(unsigned a, unsigned b) const { return (row[a] >> b & 1U) != 0; }
    [[nodiscard]] relation operator|(const relation& other) const {
        relation r;
        for (unsigned a = 0; a < max_events; ++a) r.row[a] = row[a] | other.row[a];
        return r;
    }
    [[nodiscard]] relation operator&(const relation& other) const {
        relation r;
        for (unsigned a = 0; a < max_events; ++a) r.row[a] = row[a] & other.row[a];
        return r;
    }
    /// First this one, then the other.
    [[nodiscard]] relation then(const relation& other) const {
        relation r;
        for (unsigned a = 0; a < max_events; ++a)
            for (std::uint32_t left = row[a]; left != 0; left &= left - 1)
                r.row[a] |= other.row[static_cast<unsigned>(std::countr_zero(left))];
        return r;
    }
    [[nodiscard]] relation closure() const {
        relation r = *this;
        for (unsigned via = 0; via < max_events; ++via)
            for (unsigned a = 0; a < max_events; ++a)
                if (r.has(a, via)) r.row[a] |= r.row[via];
        return r;
    }
    [[nodiscard]] bool irreflexive() const {
        for (unsigned a = 0; a < max_events; ++a)
            if (has(a, a)) return false;
        return true;
    }
};

/// A candidate execution. A read-modify-write is one event, and so is each cell's initial write.
class candidate {
public:
    candidate(const code& c, const options& how) : code_(c), how_(how) {
        for (unsigned cell = 0; cell < max_cells; ++cell)
            events_.push_back({.does = {.what = kind::store, .cell = cell}, .writes = true});
        for (unsigned t = 0; t < c.size(); ++t)
            for (const operation& o : c[t]) {
                const bool reads = o.what != kind::store && o.what != kind::fence;
                events_.push_back({.does = o, .thread = static_cast<int>(t), .reads = reads});
            }
        size_ = static_cast<unsigned>(events_.size());
        for (unsigned a = 0; a < size_; ++a)
            for (unsigned b = a + 1; b < size_; ++b)
                if (events_[b].thread >= 0 &&
                    (events_[a].thread < 0 || events_[a].thread == events_[b].thread))
                    po_.add(a, b);
    }

    [[nodiscard]] static bool is_small(const code& c) {
        std::size_t events = max_cells;
        for (const auto& t : c) events += t.size();
        return events <= max_events;
    }

    /// All executions, by what they read and leave behind; nothing if there are too many
    /// candidates.
    [[nodiscard]] std::optional<outcomes> executions() {
        choose_sources(max_cells);
        if (tried_ > most_) return std::nullopt;
        return all_;
    }

private:
    struct event {
        operation does;
        int thread = -1;
        bool reads = false;
        bool writes = false;
        bool spurious = false;
        unsigned source = 0;  // What it reads from.
        int read = 0;
        int written = 0;
        std::memory_order order = relaxed;  // As it took effect.
    };

    [[nodiscard]] bool may_write(unsigned e) const {
        const kind k = events_[e].does.what;
        return k != kind::load && k != kind::fence;
    }

    // Sources first ...
    void choose_sources(unsigned e) {
        if (tried_ > most_) return;
        if (e == size_) {
            evaluate();
            return;
        }
        if (!events_[e].reads) {
            choose_sources(e + 1);
            return;
        }
        for (unsigned w = 0; w < size_; ++w) {
            if (w == e || !may_write(w) || events_[w].does.cell != events_[e].does.cell) continue;
            events_[e].source = w;
            for (const bool fails : {false, true}) {
                if (fails &&
                    (events_[e].does.what != kind::weak_cas || how_.limits.spurious_failures == 0))
                    continue;
                events_[e].spurious = fails;
                choose_sources(e + 1);
            }
        }
    }

    // ... which give values, if nothing depends on itself ...
    void evaluate() {
        ++tried_;
        rf_ = {};
        for (unsigned e = max_cells; e < size_; ++e)
            if (events_[e].reads) rf_.add(events_[e].source, e);
        if (!(po_ | rf_).closure().irreflexive()) return;
        std::vector<unsigned> spurious(code_.size());
        std::array<bool, max_events> known{};
        for (unsigned e = 0; e < max_cells; ++e) known[e] = true;
        for (bool more = true; more;) {
            more = false;
            for (unsigned e = max_cells; e < size_; ++e) {
                event& ev = events_[e];
                if (known[e] || (ev.reads && !known[ev.source])) continue;
                known[e] = more = true;
                const operation& o = ev.does;
                if (ev.reads) {
                    if (!events_[ev.source].writes) return;
                    ev.read = events_[ev.source].written;
                }
                const bool is_cas = o.what == kind::cas || o.what == kind::weak_cas;
                const bool equal = ev.read == o.expected;
                if (ev.spurious && !equal) return;  // It fails for a reason.
                if (ev.spurious) ++spurious[static_cast<unsigned>(ev.thread)];
                const bool succeeds = !is_cas || (equal && !ev.spurious);
                ev.writes = may_write(e) && succeeds;
                ev.written = o.what == kind::add ? ev.read + o.value : o.value;
                ev.order = succeeds || how_.on_failure == cas_failure_order::as_success ? o.order
                                                                                        : o.failure;
            }
        }
        for (const unsigned n : spurious)
            if (n > how_.limits.spurious_failures) return;
        order_writes(0);
    }

    // ... and then an order of the writes of each cell.
    void order_writes(unsigned cell) {
        if (cell == max_cells) {
            ++tried_;
            if (is_consistent()) count();
            return;
        }
        auto& order = mo_order_[cell];
        order.assign(1, cell);
        for (unsigned e = max_cells; e < size_; ++e)
            if (events_[e].writes && events_[e].does.cell == cell) order.push_back(e);
        do order_writes(cell + 1);
        while (tried_ <= most_ && std::next_permutation(order.begin() + 1, order.end()));
    }

    [[nodiscard]] bool is_consistent() const {
        relation mo;
        relation fr;
        for (const auto& order : mo_order_)
            for (std::size_t i = 0; i < order.size(); ++i)
                for (std::size_t j = i + 1; j < order.size(); ++j) mo.add(order[i], order[j]);
        for (unsigned e = max_cells; e < size_; ++e) {
            if (!events_[e].reads) continue;
            fr.row[e] = mo.row[events_[e].source] & ~(1U << e);
            if (!events_[e].writes) continue;
            // [atomics.order]/10: it reads the last value before its own.
            const auto& order = mo_order_[events_[e].does.cell];
            const auto own = std::ranges::find(order, e);
            if (*std::prev(own) != events_[e].source) return false;
        }
        const relation coherence = (rf_ | mo | fr).closure();
        if (!coherence.irreflexive()) return false;
        if (how_.model == model::sc) return (po_ | rf_ | mo | fr).closure().irreflexive();
        const relation sw = synchronizes();
        const relation hb = (po_ | sw).closure();
        if (!hb.irreflexive() || !hb.then(coherence).irreflexive()) return false;
        return how_.model == model::cxx20 ? has_total_order(coherence, hb, sw)
                                          : psc(mo, fr, hb).irreflexive();
    }

    /// [atomics.fences] and [atomics.order]/2.
    [[nodiscard]] relation synchronizes() const {
        relation sw;
        for (unsigned w = max_cells; w < size_; ++w) {
            if (!events_[w].writes) continue;
            // The release sequence that it heads, or would head: [intro.races]/5.
            std::uint32_t sequence = 1U << w;
            for (bool more = true; more;) {
                more = false;
                for (unsigned e = max_cells; e < size_; ++e)
                    if (events_[e].reads && events_[e].writes &&
                        (sequence >> events_[e].source & 1U) != 0 && (sequence >> e & 1U) == 0) {
                        sequence |= 1U << e;
                        more = true;
                    }
            }
            for (unsigned r = max_cells; r < size_; ++r) {
                if (!events_[r].reads || (sequence >> events_[r].source & 1U) == 0) continue;
                for (unsigned a = max_cells; a < size_; ++a) {
                    const bool releases =
                        is_release(events_[a].order) &&
                        (a == w || (events_[a].does.what == kind::fence && po_.has(a, w)));
                    if (!releases) continue;
                    for (unsigned b = max_cells; b < size_; ++b)
                        if (is_acquire(events_[b].order) &&
                            (b == r || (events_[b].does.what == kind::fence && po_.has(r, b))))
                            sw.add(a, b);
                }
            }
        }
        return sw;
    }

    [[nodiscard]] bool strong(unsigned e) const { return events_[e].order == seq_cst; }
    [[nodiscard]] bool strong_fence(unsigned e) const {
        return strong(e) && events_[e].does.what == kind::fence;
    }

    /// [atomics.order]/4: whether the total order S exists, that is, whether no event has to come
    /// before itself in it.
    [[nodiscard]] bool has_total_order(const relation& coherence, const relation& hb,
                                       const relation& sw) const {
        relation strongly = po_ | po_.then(hb).then(po_);
        for (unsigned a = max_cells; a < size_; ++a)
            for (unsigned b = max_cells; b < size_; ++b)
                if (sw.has(a, b) && strong(a) && strong(b) && !strong_fence(a) && !strong_fence(b))
                    strongly.add(a, b);
        strongly = strongly.closure();
        relation s;
        const auto before = [&](unsigned a, unsigned b) {
            if (a != b && strong(a) && strong(b) && strongly.has(a, b)) s.add(a, b);
        };
        for (unsigned a = max_cells; a < size_; ++a)
            for (unsigned b = max_cells; b < size_; ++b) {
                before(a, b);
                if (!coherence.has(a, b)) continue;
                if (strong(a) && strong(b)) s.add(a, b);
                for (unsigned x = max_cells; x < size_; ++x) {
                    if (!strong_fence(x)) continue;
                    if (strong(a) && hb.has(b, x)) s.add(a, x);
                    if (strong(b) && hb.has(x, a)) s.add(x, b);
                    for (unsigned y = max_cells; y < size_; ++y)
                        if (strong_fence(y) && hb.has(x, a) && hb.has(b, y)) s.add(x, y);
                }
            }
        return s.closure().irreflexive();
    }

    /// The events that satisfy `is`, each with itself.
    template <class Predicate>
    [[nodiscard]] relation each(Predicate is) const {
        relation r;
        for (unsigned e = max_cells; e < size_; ++e)
            if (is(e)) r.add(e, e);
        return r;
    }
    [[nodiscard]] relation same_location() const {
        relation r;
        for (unsigned a = 0; a < size_; ++a)
            for (unsigned b = 0; b < size_; ++b)
                if (events_[a].does.what != kind::fence && events_[b].does.what != kind::fence &&
                    events_[a].does.cell == events_[b].does.cell)
                    r.add(a, b);
        return r;
    }

    /// RC11's partial order of sequentially consistent events, closed: psc_base and psc_F.
    [[nodiscard]] relation psc(const relation& mo, const relation& rb, const relation& hb) const {
        const relation sc = each([&](unsigned e) { return strong(e); });
        const relation fence = each([&](unsigned e) { return strong_fence(e); });
        const relation any = each([](unsigned) { return true; });
        const relation eco = (rf_ | mo | rb).closure();
        const relation scb = po_ | po_.then(hb).then(po_) | (hb & same_location()) | mo | rb;
        const relation base =
            (sc | fence.then(hb | any)).then(scb).then(sc | (hb | any).then(fence));
        const relation of_fences = fence.then(hb | hb.then(eco).then(hb)).then(fence);
        return (base | of_fences).closure();
    }

    void count() {
        outcome o;
        for (unsigned e = max_cells; e < size_; ++e)
            o.push_back(events_[e].reads ? events_[e].read + (events_[e].spurious ? 100 : 0) : 0);
        for (unsigned e = max_cells; e < size_; ++e)
            if (events_[e].does.what == kind::weak_cas && !events_[e].writes &&
                !events_[e].spurious)
                o[e - max_cells] += 100;
        for (const auto& order : mo_order_) o.push_back(events_[order.back()].written);
        ++all_[o];
    }

    static constexpr std::uint64_t most_ = 60'000;
    const code& code_;
    const options& how_;
    std::vector<event> events_;
    unsigned size_ = 0;
    relation po_;
    relation rf_;
    std::array<std::vector<unsigned>, max_cells> mo_order_;
    std::uint64_t tried_ = 0;
    outcomes all_;
};

}  // namespace pidmap_stress::explore::axiomatic
