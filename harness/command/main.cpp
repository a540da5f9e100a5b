#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "harness/base/say.hpp"
#include "harness/command/campaign.hpp"
#include "harness/command/list.hpp"
#include "harness/command/mutants_command.hpp"
#include "harness/command/options.hpp"
#include "harness/command/self_test.hpp"
#include "harness/command/soak/report_command.hpp"
#include "harness/command/soak/soak_command.hpp"
#include "harness/command/soak/status_command.hpp"

namespace pidmap_stress {
namespace {

/// The words that start `explore` and `replay`. A wrapper passes on how it was called, so that the
/// printed commands can be pasted.
[[nodiscard]] std::string explorer_command(const char* called_as) {
    const char* const wrapper = std::getenv("PIDMAP_STRESS_WRAPPER");
    return wrapper != nullptr && *wrapper != '\0' ? wrapper : shell_quoted(called_as);
}

/// The words that run cells.
[[nodiscard]] std::string run_command(const char* called_as) {
    const char* const wrapper = std::getenv("PIDMAP_STRESS_COMMAND");
    return wrapper != nullptr ? wrapper : shell_quoted(called_as) + " run";
}

int do_as_told(int argc, char** argv) {
    try {
        const options wanted = parse_options(argc, argv);
        switch (wanted.what) {
            case command::help:
                say(wanted.exit_code == exit_as_expected ? stdout : stderr, "{}", wanted.message);
                return wanted.exit_code;
            case command::list:
                return run_list(wanted.list_json);
            case command::self_test:
                return run_self_test();
            case command::soak:
                return run_soak(wanted.soak, {.run = run_command(argv[0]),
                                              .explorer = explorer_command(argv[0])});
            case command::report:
                return run_report(wanted.report);
            case command::status:
                return run_status(wanted.status_folder);
            case command::explore:
                return run_explore(wanted.explore, explorer_command(argv[0]));
            case command::replay:
                return run_replay(wanted.replay, explorer_command(argv[0]));
            case command::mutants: {
                const char* const script = std::getenv("PIDMAP_STRESS_SCRIPT");
                return run_mutants(wanted.mutants,
                                   script != nullptr ? script : shell_quoted(argv[0]),
                                   script != nullptr);
            }
            case command::run:
                return run_campaign(wanted.run, run_command(argv[0]));
        }
    } catch (const std::exception& error) {
        say(stderr, "pidmap-stress: {}\n", error.what());
    }
    return exit_usage;
}

}  // namespace
}  // namespace pidmap_stress

int main(int argc, char** argv) {
    using namespace pidmap_stress;
    // A limit on the size of files makes a write fail, which is reported, and does not end the
    // process.
    std::signal(SIGXFSZ, SIG_IGN);
    const int code = do_as_told(argc, argv);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    say(stderr,
        "pidmap-stress: standard output cannot be written, and the text for it is lost; "
        "send it where there is room\n");
    return code == exit_as_expected ? exit_no_resources : code;
}
