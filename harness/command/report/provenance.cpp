#include "harness/command/report/provenance.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/build_facts.hpp"
#include "harness/base/machine.hpp"
#include "harness/programs/matrix.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] const std::string& begun_at() {
    static const std::string date = [] {
        const std::string now = utc_now();
        return now.substr(0, now.find('.')) + "Z";  // To the second is enough here.
    }();
    return date;
}

[[nodiscard]] const char* remark_on_commit() {
    return this_build().modified ? ", modified" : "";
}

}  // namespace

std::string describe_version() {
    const build_facts& facts = this_build();
    return fmt::format(
        "pidmap-stress {}\n"
        "commit:    {}{}\n"
        "compiler:  {}\n"
        "sanitizer: {}\n"
        "built:     {}\n"
        "tokens:    of build {}\n",
        facts.version, facts.commit, remark_on_commit(), facts.compiler, facts.sanitizer,
        facts.date, explore::build_identity());
}

std::string describe_build() {
    const build_facts& facts = this_build();
    return fmt::format("pidmap-stress {}, commit {}{}, {}, built {}", facts.version,
                       facts.commit.substr(0, 12), remark_on_commit(), facts.compiler, facts.date);
}

std::string describe_run() {
    return fmt::format("on {}, {}", host_name(), begun_at());
}

nlohmann::json provenance() {
    const build_facts& facts = this_build();
    return {{"build",
             {{"version", facts.version},
              {"commit", facts.commit},
              {"modified", facts.modified},
              {"compiler", facts.compiler},
              {"sanitizer", facts.sanitizer},
              {"date", facts.date},
              {"tokens", explore::build_identity()}}},
            {"host", host_name()},
            {"date", begun_at()}};
}

}  // namespace pidmap_stress
