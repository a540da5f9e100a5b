#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "harness/campaign.hpp"
#include "harness/list.hpp"
#include "harness/mutants_command.hpp"
#include "harness/options.hpp"
#include "harness/self_test.hpp"

int main(int argc, char** argv) {
    using namespace pidmap_stress;
    try {
        const options wanted = parse_options(argc, argv);
        switch (wanted.what) {
            case command::help:
                fmt::print(wanted.exit_code == exit_as_expected ? stdout : stderr, "{}",
                           wanted.message);
                return wanted.exit_code;
            case command::list:
                print_list(stdout);
                return exit_as_expected;
            case command::self_test:
                return run_self_test();
            case command::explore:
                return run_explore(wanted.explore);
            case command::replay:
                return run_replay(wanted.replay);
            case command::mutants: {
                const char* const script = std::getenv("PIDMAP_STRESS_SCRIPT");
                return run_mutants(wanted.mutants,
                                   script != nullptr ? script : shell_quoted(argv[0]),
                                   script != nullptr);
            }
            case command::run: {
                // A wrapper says how it was called, so that what is printed can be pasted.
                const char* const wrapper = std::getenv("PIDMAP_STRESS_COMMAND");
                return run_campaign(wanted.run,
                                    wrapper != nullptr ? wrapper : shell_quoted(argv[0]) + " run");
            }
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "pidmap-stress: {}\n", error.what());
    }
    return exit_usage;
}
