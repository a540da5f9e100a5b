#include "harness/native/process/thread_stacks.hpp"

#ifdef PIDMAP_STRESS_LIBDW
#include <cxxabi.h>
#include <elfutils/libdwfl.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/base/source_places.hpp"
#endif

namespace pidmap_stress {

#ifdef PIDMAP_STRESS_LIBDW
namespace {

constexpr int most_frames = 24;

/// A function's name without its parameters, template arguments and this project's namespaces,
/// which only make it hard to read.
[[nodiscard]] std::string readable(const char* symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> demangled(
        abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
    const std::string_view full = status == 0 ? demangled.get() : symbol;
    std::string name;
    int depth = 0;
    for (std::size_t n = 0; n < full.size(); ++n) {
        // The brackets of operator< and its relatives are part of the name.
        const bool names_operator = depth == 0 && name.ends_with("operator");
        const char c = full[n];
        if (!names_operator && (c == '<' || c == '(')) {
            // "(anonymous namespace)" is a part of a name that can be left out.
            if (c == '(' && depth == 0 && !full.substr(n).starts_with("(anonymous namespace)"))
                break;
            ++depth;
        }
        if (depth == 0) name += c;
        if (!names_operator && (c == '>' || c == ')') && depth > 0) --depth;
    }
    // The return type of a template function precedes its name.
    if (const std::size_t space = name.rfind(' ');
        space != std::string::npos && name.find("operator") == std::string::npos)
        name.erase(0, space + 1);
    for (const std::string_view known : {"pidmap_stress::", "::"})
        if (name.starts_with(known)) name.erase(0, known.size());
    return name;
}

[[nodiscard]] std::string described(const source_place& place) {
    return fmt::format("{}:{}", place.file.substr(place.file.rfind('/') + 1), place.line);
}

/// What one thread's walk writes to.
struct walk {
    Dwfl* modules = nullptr;
    std::string text{};
    int frames = 0;
};

int add_frame(Dwfl_Frame* frame, void* into) {
    walk& thread = *static_cast<walk*>(into);
    Dwarf_Addr address = 0;
    bool is_activation = false;
    if (!::dwfl_frame_pc(frame, &address, &is_activation)) return DWARF_CB_ABORT;
    // A return address may be behind the last instruction of its line.
    const Dwarf_Addr at = address - (is_activation ? 0 : 1);
    Dwfl_Module* const module = ::dwfl_addrmodule(thread.modules, at);
    const char* const symbol = module == nullptr ? nullptr : ::dwfl_module_addrname(module, at);
    thread.text += fmt::format("  #{} {}", thread.frames,
                               symbol == nullptr ? fmt::format("{:#x}", at) : readable(symbol));
    std::string_view before = " at ";
    for (const source_place& place : source_places(reinterpret_cast<const void*>(at))) {
        // For a function that the library has inlined, the place in the library is of no interest.
        if (place.file.find("/include/") != std::string::npos) continue;
        thread.text += fmt::format("{}{}", before, described(place));
        before = ", called at ";
    }
    thread.text += '\n';
    return ++thread.frames < most_frames ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/// What the walk over all threads carries.
struct listing {
    Dwfl* modules = nullptr;
    const std::map<pid_t, std::string>* names = nullptr;
    std::string text{};
    std::string others{};
};

int add_thread(Dwfl_Thread* thread, void* into) {
    listing& all = *static_cast<listing*>(into);
    walk one{.modules = all.modules};
    ::dwfl_thread_getframes(thread, add_frame, &one);
    const pid_t id = ::dwfl_thread_tid(thread);
    const auto known = all.names->find(id);
    if (one.frames == 0) one.text = fmt::format("  {}\n", ::dwfl_errmsg(-1));
    if (known != all.names->end())
        all.text += fmt::format("{} (thread {}):\n{}", known->second, id, one.text);
    else
        all.others += fmt::format("another thread ({}):\n{}", id, one.text);
    return DWARF_CB_OK;
}

struct ender {
    void operator()(Dwfl* modules) const noexcept { ::dwfl_end(modules); }
};

}  // namespace

std::string stacks_of(pid_t process, const std::map<pid_t, std::string>& names) {
    static char* debug_info_path = nullptr;
    static const Dwfl_Callbacks callbacks{.find_elf = ::dwfl_linux_proc_find_elf,
                                          .find_debuginfo = ::dwfl_standard_find_debuginfo,
                                          .section_address = nullptr,
                                          .debuginfo_path = &debug_info_path};
    const auto failed = [] {
        return fmt::format("the stacks cannot be read: {}\n", ::dwfl_errmsg(-1));
    };
    const std::unique_ptr<Dwfl, ender> modules(::dwfl_begin(&callbacks));
    if (modules == nullptr) return failed();
    ::dwfl_report_begin(modules.get());
    const int reported = ::dwfl_linux_proc_report(modules.get(), process);
    if (::dwfl_report_end(modules.get(), nullptr, nullptr) != 0 || reported != 0) return failed();
    if (::dwfl_linux_proc_attach(modules.get(), process, false) != 0) return failed();
    listing all{.modules = modules.get(), .names = &names};
    const bool walked = ::dwfl_getthreads(modules.get(), add_thread, &all) == 0;
    forget_source_places();
    if (!walked && all.text.empty()) return failed();
    return all.text + all.others;
}

#else
std::string stacks_of(pid_t /*process*/, const std::map<pid_t, std::string>& /*names*/) {
    return "the stacks cannot be read: built without libdw\n";
}
#endif

}  // namespace pidmap_stress
