#include "harness/list.hpp"

#include <fmt/format.h>

#include "harness/say.hpp"
#include "harness/scenario.hpp"
#include "harness/subject.hpp"

namespace pidmap_stress {

void print_list(std::FILE* out) {
    say(out, "variants\n");
    for (const subject_entry& entry : subjects())
        say(out, "  {:<20} {}{}{}\n", entry.info->name, entry.info->summary,
            entry.info->breaks.empty() ? "" : " [known to break]",
            entry.nests ? "" : " [does not nest]");
    if (!mutant_subjects().empty()) say(out, "mutants, each with a bug that must be found\n");
    for (const subject_entry& entry : mutant_subjects())
        say(out, "  {:<24} {}{}\n", entry.info->name, entry.info->summary,
            entry.info->breaks.empty() ? " [equivalent: must not be reported]" : "");
    say(out, "scenarios\n");
    for (const scenario_entry& entry : scenarios()) {
        std::string under;
        for (int n = 0; n < discipline_count; ++n)
            if (const auto how = static_cast<discipline>(n); entry.info->disciplines.contains(how))
                under += fmt::format(" {}", to_string(how));
        say(out, "  {:<20} {} [{}{}]\n", entry.info->name, entry.info->summary, under.substr(1),
            entry.info->nests ? "; variants that nest" : "");
    }
    say(out,
        "disciplines\n"
        "  member               the caller holds a live pid for the whole call\n"
        "  reference            the caller holds a counted reference for the whole call\n"
        "  lookup               the caller found the namespace in a table, under "
        "read-side protection\n");
}

}  // namespace pidmap_stress
