#include "harness/base/source_places.hpp"

#include <cstdint>

#ifdef PIDMAP_STRESS_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#endif

namespace pidmap_stress {

#ifdef PIDMAP_STRESS_LIBDW
namespace {

/// This process as libdwfl sees it: its modules and their debugging information.
class own_modules {
public:
    own_modules() : dwfl_(::dwfl_begin(&callbacks())) {
        if (dwfl_ == nullptr) return;
        ::dwfl_report_begin(dwfl_.get());
        const bool known = ::dwfl_linux_proc_report(dwfl_.get(), ::getpid()) == 0;
        if (::dwfl_report_end(dwfl_.get(), nullptr, nullptr) != 0 || !known) dwfl_.reset();
    }

    /// The frames at an address, innermost first.
    [[nodiscard]] std::vector<source_place> frames(Dwarf_Addr address) const {
        std::vector<source_place> found;
        Dwarf_Addr bias = 0;
        Dwarf_Die* const unit = unit_of(address, bias);
        if (unit == nullptr) return found;
        if (Dwarf_Line* const line = ::dwarf_getsrc_die(unit, address - bias)) {
            int number = 0;
            ::dwarf_lineno(line, &number);
            if (const char* const file = ::dwarf_linesrc(line, nullptr, nullptr))
                found.push_back({.file = path_of(file, unit), .line = number});
        }
        Dwarf_Die* innermost = nullptr;
        if (::dwarf_getscopes(unit, address - bias, &innermost) <= 0) return found;
        // The place where the code was written follows the innermost scope; this is where it was
        // called from.
        Dwarf_Die* scopes = nullptr;
        const int count = ::dwarf_getscopes_die(&innermost[0], &scopes);
        std::free(innermost);
        const auto name_at = [&](int from) -> std::string {
            for (int i = from; i < count; ++i) {
                const int tag = ::dwarf_tag(&scopes[i]);
                if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
                const char* const name = name_of(scopes[i]);
                return name == nullptr ? "" : name;
            }
            return "";
        };
        if (!found.empty()) found.back().function = name_at(0);
        Dwarf_Files* files = nullptr;
        std::size_t file_count = 0;
        if (::dwarf_getsrcfiles(unit, &files, &file_count) == 0)
            for (int i = 0; i < count; ++i) {
                // An inlined call: where it stands in its caller.
                if (::dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
                const auto file = number_of(scopes[i], DW_AT_call_file);
                const auto line = number_of(scopes[i], DW_AT_call_line);
                const char* const name = ::dwarf_filesrc(files, file, nullptr, nullptr);
                if (name != nullptr)
                    found.push_back({.file = path_of(name, unit),
                                     .line = static_cast<int>(line),
                                     .function = name_at(i + 1)});
            }
        std::free(scopes);
        return found;
    }

private:
    struct ender {
        void operator()(Dwfl* dwfl) const noexcept { ::dwfl_end(dwfl); }
    };
    [[nodiscard]] static const Dwfl_Callbacks& callbacks() {
        static char* debug_info_path = nullptr;
        static const Dwfl_Callbacks own{.find_elf = ::dwfl_linux_proc_find_elf,
                                        .find_debuginfo = ::dwfl_standard_find_debuginfo,
                                        .section_address = nullptr,
                                        .debuginfo_path = &debug_info_path};
        return own;
    }
    /// Clang writes no table of addresses, so the units are asked one by one.
    [[nodiscard]] Dwarf_Die* unit_of(Dwarf_Addr address, Dwarf_Addr& bias) const {
        Dwfl_Module* const module =
            dwfl_ == nullptr ? nullptr : ::dwfl_addrmodule(dwfl_.get(), address);
        if (module == nullptr) return nullptr;
        Dwarf_Die* unit = nullptr;
        while ((unit = ::dwfl_module_nextcu(module, unit, &bias)) != nullptr)
            if (::dwarf_haspc(unit, address - bias) == 1) return unit;
        return nullptr;
    }
    /// A path that may be relative to where the compiler ran.
    [[nodiscard]] static std::string path_of(const char* file, Dwarf_Die* unit) {
        Dwarf_Attribute found;
        const char* const folder = ::dwarf_formstring(::dwarf_attr(unit, DW_AT_comp_dir, &found));
        const std::filesystem::path path(file);
        if (path.is_absolute() || folder == nullptr) return path.lexically_normal().string();
        return (std::filesystem::path(folder) / path).lexically_normal().string();
    }
    /// Of a function, which may stand where it was declared or inlined.
    [[nodiscard]] static const char* name_of(Dwarf_Die& die) {
        Dwarf_Attribute found;
        return ::dwarf_formstring(::dwarf_attr_integrate(&die, DW_AT_name, &found));
    }
    [[nodiscard]] static Dwarf_Word number_of(Dwarf_Die& die, unsigned attribute) {
        Dwarf_Attribute found;
        Dwarf_Word value = 0;
        if (::dwarf_attr_integrate(&die, attribute, &found) != nullptr)
            ::dwarf_formudata(&found, &value);
        return value;
    }

    std::unique_ptr<Dwfl, ender> dwfl_;
};

}  // namespace

namespace {
std::optional<own_modules>& kept() {
    static std::optional<own_modules> modules;
    return modules;
}
}  // namespace

std::vector<source_place> source_places(const void* address) {
    if (!kept()) kept().emplace();
    return kept()->frames(reinterpret_cast<std::uintptr_t>(address));
}

void forget_source_places() {
    kept().reset();
#ifdef __GLIBC__
    ::malloc_trim(0);  // What was freed is to be the system's again, not only the allocator's.
#endif
}
#else
void forget_source_places() {}

std::vector<source_place> source_places(const void* /*address*/) {
    return {};
}
#endif

}  // namespace pidmap_stress
