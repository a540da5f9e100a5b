#include "harness/command/command_line.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "harness/base/usage_error.hpp"
#include "harness/command/selection.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] std::vector<std::string> commands_of(const CLI::App& program) {
    std::vector<std::string> all;
    for (const CLI::App* one : program.get_subcommands([](const CLI::App*) { return true; }))
        all.push_back(one->get_name());
    return all;
}

[[nodiscard]] std::vector<std::string> options_of(const CLI::App& command) {
    std::vector<std::string> all;
    for (const CLI::Option* one : command.get_options())
        for (const std::string& name : one->get_lnames())
            if (name != "help") all.push_back("--" + name);
    return all;
}

/// The commands that have an option of this name.
[[nodiscard]] std::vector<std::string> commands_with(const CLI::App& program,
                                                     std::string_view option) {
    std::vector<std::string> all;
    for (const CLI::App* one : program.get_subcommands([](const CLI::App*) { return true; }))
        if (std::ranges::count(options_of(*one), option) != 0) all.push_back(one->get_name());
    return all;
}

/// "; did you mean NAME? NEXT", or "; NEXT" if no name is near; `next` begins with a letter.
[[nodiscard]] std::string meant(std::string_view word, const std::vector<std::string>& known,
                                std::string_view next) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    const auto nearest = nearest_name(word, names);
    if (!nearest) return fmt::format("; {}", next);
    std::string sentence(next);
    sentence.front() = static_cast<char>(sentence.front() - 'a' + 'A');
    return fmt::format("; did you mean {}? {}", *nearest, sentence);
}

/// "--name" of "--name=value".
[[nodiscard]] std::string_view name_of(std::string_view word) {
    return word.substr(0, word.find('='));
}

/// What a stray word would be, and behind which option.
[[nodiscard]] std::string_view option_for(std::string_view word) {
    const cell_catalogue known = native_catalogue();
    const auto is_word = [word](std::string_view name) { return name == word; };
    if (std::ranges::any_of(known.variants, is_word) || std::ranges::any_of(known.mutants, is_word))
        return "--variant";
    if (std::ranges::any_of(known.scenarios, is_word, &cell_catalogue::scenario::name))
        return "--scenario";
    return parse_discipline(word) ? std::string_view("--discipline") : std::string_view();
}

/// The option that a complaint of the library is about: it begins with the option's name, without
/// dashes if that is a flag. Empty if it is about something else.
[[nodiscard]] std::string option_in(std::string_view complaint, const CLI::App& command) {
    std::string name(complaint.substr(0, complaint.find_first_of(": ")));
    if (!name.starts_with('-')) name = "--" + name;
    return command.get_option_no_throw(name) == nullptr ? "" : name;
}

}  // namespace

std::string why_no_command(const CLI::App& program, std::span<const char* const> arguments) {
    const std::vector<std::string> commands = commands_of(program);
    const std::string known =
        fmt::format("the commands are: {}; see pidmap-stress --help", fmt::join(commands, ", "));
    if (arguments.size() < 2) return "a command is missing; " + known;
    const std::string_view word = arguments[1];
    if (!word.starts_with('-'))
        return fmt::format("'{}' is not a command{}", word, meant(word, commands, known));
    const std::vector<std::string> having = commands_with(program, name_of(word));
    if (having.empty()) return fmt::format("{} stands where a command should be; {}", word, known);
    return fmt::format("{} belongs behind a command that takes it: {}; see pidmap-stress --help",
                       name_of(word), fmt::join(having, ", "));
}

std::string why_not_taken(const CLI::App& program, const CLI::App& command, std::string_view word) {
    const std::string& name = command.get_name();
    if (!word.starts_with('-') || word == "-") {
        const std::string_view option = option_for(word);
        const bool has_it = std::ranges::count(options_of(command), option) != 0;
        return fmt::format(
            "{} does not take the word '{}'{} pidmap-stress {} --help", name, word,
            has_it ? fmt::format("; did you mean {} {}? See", option, word) : std::string("; see"),
            name);
    }
    const std::vector<std::string> known = options_of(command);
    const std::vector<std::string> having = commands_with(program, name_of(word));
    if (!having.empty())
        return fmt::format("{} is an option of {}, not of {}; {} takes: {}", name_of(word),
                           fmt::join(having, ", "), name, name, fmt::join(known, ", "));
    if (name_of(word) == "--version")
        return "--version stands alone, without a command: pidmap-stress --version";
    const std::string takes = known.empty()
                                  ? fmt::format("it takes none; see pidmap-stress {} --help", name)
                                  : fmt::format("it takes: {}", fmt::join(known, ", "));
    return fmt::format("{} is not an option of {}{}", name_of(word), name,
                       meant(name_of(word), known, takes));
}

std::string why_not_parsed(const CLI::App& command, std::span<const char* const> arguments,
                           const CLI::ParseError& error) {
    const std::string see = fmt::format("see pidmap-stress {} --help", command.get_name());
    if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
        // "--this excludes --that"
        std::string text = error.what();
        constexpr std::string_view excludes = " excludes ";
        if (const std::size_t at = text.find(excludes); at != std::string::npos)
            text.replace(at, excludes.size(), " does not go with ");
        return fmt::format("{}: leave one of them out", text);
    }
    const std::string name = option_in(error.what(), command);
    if (name.empty()) return fmt::format("{}; {}", error.what(), see);
    const CLI::Option* const option = command.get_option_no_throw(name);
    if (option->get_items_expected_max() == 0)
        return fmt::format("{} is a flag, which takes no value", name);
    const auto times = std::ranges::count_if(
        arguments, [&name](std::string_view word) { return name_of(word) == name; });
    if (times > 1) return fmt::format("{} is given {} times; give it once", name, times);
    const std::string& description = option->get_description();
    return fmt::format("{} needs a value: {}; {}", name,
                       description.substr(0, description.find('\n')), see);
}

void add_choice(CLI::App& app, const known_names& known, std::string& value,
                const std::string& description) {
    const auto read = [known, &value](const std::string& text) {
        if (const auto wrong = unknown_name(known, std::string_view(text)))
            throw usage_error(*wrong);
        value = text;
    };
    CLI::Option* const added =
        app.add_option_function<std::string>(std::string(known.option), read, description)
            ->type_name(fmt::format("{}", fmt::join(known.names, "|")));
    if (!value.empty()) added->default_str(value);
}

std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || code == 0x7f)
            line += fmt::format("\\x{:02x}", code);
        else
            line += c;
    }
    return line;
}

}  // namespace pidmap_stress
