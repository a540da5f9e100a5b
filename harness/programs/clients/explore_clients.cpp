#include "harness/programs/clients/explore_clients.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "harness/base/rng.hpp"
#include "harness/explorer/search/side_by_side.hpp"

namespace pidmap_stress::explore {
namespace {

struct numbered_client {
    client_number which;
    script calls;
};

/// What one client showed; nothing if it was not started.
using shown = std::optional<result>;

/// Explores clients side by side, and returns what each showed, in their order.
[[nodiscard]] std::vector<shown> explore_all(const explored_variant& variant,
                                             const std::vector<numbered_client>& clients,
                                             const options& how, unsigned jobs) {
    std::vector<shown> all(clients.size());
    std::atomic<std::size_t> next{0};
    side_by_side(jobs, [&](unsigned) {
        while (how.watched == nullptr || !how.watched->ends()) {
            // Relaxed: only a number; the thread that joins the workers sees the results.
            const std::size_t i = next.fetch_add(1, std::memory_order::relaxed);
            if (i >= clients.size()) return;
            all[i] = explore(*variant.make(clients[i].calls), how);
        }
    });
    return all;
}

/// The clients of a part. Neighbours in the list are alike, and so is their effort, so what decides
/// is not the number itself.
[[nodiscard]] std::vector<numbered_client> part_of(std::vector<script> all, shard part,
                                                   client_number first) {
    const std::uint64_t key = split(first.calls, first.threads);
    std::vector<numbered_client> mine;
    for (std::size_t n = 0; n < all.size(); ++n) {
        if (!part.takes(split(key, first.number + n))) continue;
        client_number which = first;
        which.number += n;
        mine.push_back({.which = which, .calls = std::move(all[n])});
    }
    return mine;
}

class summary {
public:
    summary(const explored_variant& variant, discipline how, model under)
        : under_(under), verdict_{.variant = &variant, .how = how} {}

    /// Adds what the clients of a level showed.
    void add(client_level level, const std::vector<numbered_client>& clients,
             const std::vector<shown>& results) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (!results[i] || results[i]->cut_short) {
                verdict_.cut_short = true;
                if (!results[i]) continue;
            }
            const result& r = *results[i];
            if (!r.cut_short) ++level.explored;
            if (!r.complete && r.findings.empty() && !r.cut_short) ++level.partly;
            level.executions += r.runs();
            level.states += r.states;
            for (const finding& f : r.findings) add(f, clients[i]);
        }
        verdict_.executions += level.executions;
        verdict_.states += level.states;
        // Random clients have a single level, which grows.
        if (level.calls == 0 && !verdict_.levels.empty()) {
            verdict_.levels.back().clients += level.clients;
            verdict_.levels.back().explored += level.explored;
            verdict_.levels.back().partly += level.partly;
            verdict_.levels.back().executions += level.executions;
            verdict_.levels.back().states += level.states;
        } else {
            verdict_.levels.push_back(level);
        }
    }
    [[nodiscard]] bool any_broken() const noexcept { return !verdict_.broken.empty(); }
    [[nodiscard]] bool cut_short() const noexcept { return verdict_.cut_short; }
    [[nodiscard]] std::uint64_t executions() const noexcept { return verdict_.executions; }

    [[nodiscard]] clients_verdict finish() {
        judged_.operations = verdict_.executions;
        verdict_.assessed = assess(judged_, *verdict_.variant->info, verdict_.how, {});
        return std::move(verdict_);
    }

private:
    void add(const finding& f, const numbered_client& client) {
        const std::optional<defect> which = broken_by(f);
        if (std::ranges::any_of(verdict_.broken,
                                [&](const broken_invariant& one) { return one.which == which; }))
            return;
        if (which && which->is_crash()) judged_.end = pidmap_stress::run_end::crashed;
        if (which && !which->is_crash()) judged_.add({.broken = *which->broken(), .what = f.what});
        explored_case of{
            .variant = verdict_.variant, .calls = client.calls, .model = under_, .shows = which};
        verdict_.broken.push_back(
            {.which = which, .finding = f, .token = make_token(of, f.schedule, build_identity())});
        verdict_.broken_in.push_back(std::move(of));
        verdict_.broken_by.push_back(client.which);
    }

    model under_;
    clients_verdict verdict_;
    verdict judged_;
};

}  // namespace

client_kind kind_of_clients(const explored_variant& variant, discipline how) {
    client_kind kind{.how = how, .bits = 8, .nests = variant.sizes.front().nests};
    if (variant.find(4, 2, 1) != nullptr) kind.bits = 4;
    if (variant.find(kind.bits, 2, 3) != nullptr) kind.reserved = 3;
    return kind;
}

bool clients_verdict::as_expected() const noexcept {
    return assessed.unexpected.empty() &&
           std::ranges::all_of(broken, [](const broken_invariant& one) {
               return one.which && !one.which->is_crash() && one.finding.replayed;
           });
}

unsigned clients_verdict::complete_up_to(client_family family, unsigned threads) const noexcept {
    unsigned calls = 0;
    for (const client_level& one : levels) {
        if (one.family != family || one.threads != threads) continue;
        if (one.explored != one.clients || one.partly != 0) break;
        calls = one.calls;
    }
    return calls;
}

unsigned most_calls_on(client_family family, unsigned threads,
                       const client_options& wanted) noexcept {
    unsigned most = wanted.calls;
    if (threads == most_client_threads) most = std::min(most, wanted.calls_of_three);
    // One thread has few executions.
    if (family == client_family::nested)
        most = std::min(most, wanted.calls_of_nested + (threads == 1 ? 1 : 0));
    return most;
}

clients_verdict explore_clients(const explored_variant& variant, discipline how,
                                const client_options& wanted) {
    const client_kind kind = kind_of_clients(variant, how);
    summary all(variant, how, wanted.model);
    const auto explore_level = [&](client_family family, client_number first,
                                   std::vector<script> clients_of_all_parts) {
        const std::vector<numbered_client> clients =
            part_of(std::move(clients_of_all_parts), wanted.part, first);
        const client_level level{.family = family,
                                 .threads = first.threads,
                                 .calls = first.calls,
                                 .clients = clients.size()};
        if (wanted.on_level) wanted.on_level(level);
        all.add(level, clients,
                explore_all(variant, clients,
                            {.model = wanted.model,
                             .strategy = strategy::prove,
                             .budget = wanted.budget,
                             .stop_at_first = false,
                             .watched = wanted.watched},
                            wanted.jobs));
    };
    for (unsigned calls = 1; calls <= wanted.calls; ++calls)
        for (unsigned threads = 1; threads <= std::min(most_client_threads, calls); ++threads) {
            if (all.any_broken()) break;
            client_number first{.calls = calls, .threads = threads};
            for (const client_family family : client_families) {
                if (calls > most_calls_on(family, threads, wanted) || all.cut_short()) continue;
                std::vector<script> clients = clients_of(kind, family, threads, calls);
                const std::size_t how_many = clients.size();
                if (how_many != 0) explore_level(family, first, std::move(clients));
                first.number += how_many;
            }
        }
    return all.finish();
}

clients_verdict explore_random_clients(const explored_variant& variant, discipline how,
                                       const random_client_options& wanted) {
    constexpr std::uint64_t clients_at_a_time = 64;
    const client_kind kind = kind_of_clients(variant, how);
    summary all(variant, how, wanted.model);
    client_level level;
    for (std::uint64_t number = 0;
         all.executions() < wanted.executions && !all.any_broken() && !all.cut_short();) {
        std::vector<numbered_client> clients;
        for (std::uint64_t n = 0; n < clients_at_a_time; ++n, ++number) {
            const std::uint64_t which = number * wanted.part.count + wanted.part.index;
            clients.push_back(
                {.which = {.number = which},
                 .calls = random_client(kind, wanted.most_calls, split(wanted.seed, which))});
        }
        level = {.calls = 0, .clients = clients.size()};
        all.add(
            level, clients,
            explore_all(variant, clients,
                        {.model = wanted.model,
                         .strategy = strategy::random,
                         .seed = split(split(wanted.seed, "walks"), clients.back().which.number),
                         .walks = wanted.walks,
                         .watched = wanted.watched},
                        wanted.jobs));
    }
    return all.finish();
}

}  // namespace pidmap_stress::explore
