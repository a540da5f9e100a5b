#include "harness/explore/explore.hpp"
#include "harness/explore/trust.hpp"
namespace pidmap_stress::explore {
result explore(const program& p, const options& how) {
    result r;
    memory_rules rules{.consistency = how.model, .on_failure = how.on_failure, .fault = how.fault};
    machine m(p, rules, how.limits);
    trust t(rules);
    std::unordered_set<std::uint64_t> seen;
    do {
        switch (m.run(t.current(), t)) {
            case run_end::complete:
                ++r.executions;
                if (how.count_redundant && !seen.insert(t.current().fingerprint()).second)
                    ++r.redundant;
                break;
            case run_end::blocked:
                ++r.blocked;
                break;
            case run_end::stopped:
                ++r.stopped;
                break;
            default:
                break;
        }
        for (auto& f : m.found()) {
            bool k = false;
            for (auto& o : r.findings) k |= o.same_as(f);
            if (!k) r.findings.push_back(f);
        }
    } while (t.advance());
    r.complete = true;
    return r;
}
std::string result::summary() const {
    return std::to_string(executions) + " executions, " + std::to_string(blocked) + " blocked, " +
           std::to_string(redundant) + " redundant" + (ok() ? "" : " " + findings[0].what);
}
}  // namespace pidmap_stress::explore
