#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/build_facts.hpp"
#include "harness/explorer/replay/token.hpp"
#include "harness/programs/matrix.hpp"

namespace pidmap_stress::explore {
namespace {

/// [begin, end) in a file.
using extent = std::pair<std::size_t, std::size_t>;

/// The program's file. Mapped: most of it is debugging information, which is never looked at.
class own_file {
public:
    own_file() {
        const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        struct stat about{};
        if (file >= 0 && ::fstat(file, &about) == 0 && about.st_size > 0) {
            const auto size = static_cast<std::size_t>(about.st_size);
            void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
            if (mapped != MAP_FAILED) bytes_ = {static_cast<const char*>(mapped), size};
        }
        if (file >= 0) ::close(file);
    }
    ~own_file() {
        if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
    }
    own_file(const own_file&) = delete;
    own_file& operator=(const own_file&) = delete;

    /// Nothing, if it cannot be read.
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

private:
    std::string_view bytes_;
};

/// Where the program was loaded: the address of its byte 0.
[[nodiscard]] std::uintptr_t load_address() noexcept {
    std::uintptr_t base = 0;
    // The program itself is visited first.
    const auto take = [](dl_phdr_info* info, std::size_t, void* into) {
        *static_cast<std::uintptr_t*>(into) = info->dlpi_addr;
        return 1;
    };
    ::dl_iterate_phdr(take, &base);
    return base;
}

/// The parts of an ELF file that are loaded, without those that differ although the code does not:
/// its header, its notes (one is the linker's own hash), and the facts of the build. The whole file
/// if it is of another kind.
[[nodiscard]] std::vector<extent> parts_that_count(std::string_view file) {
    std::vector<extent> all{{0, file.size()}};
    ElfW(Ehdr) head;
    if (file.size() < sizeof head || !file.starts_with(ELFMAG)) return all;
    std::memcpy(&head, file.data(), sizeof head);
    if (head.e_phentsize != sizeof(ElfW(Phdr)) ||
        head.e_phoff + head.e_phnum * sizeof(ElfW(Phdr)) > file.size())
        return all;
    const std::span<const std::byte> facts = volatile_facts();
    const auto facts_at = reinterpret_cast<std::uintptr_t>(facts.data()) - load_address();
    std::vector<extent> loaded;
    std::vector<extent> left_out{{0, sizeof head}};
    for (unsigned n = 0; n < head.e_phnum; ++n) {
        ElfW(Phdr) part;
        std::memcpy(&part, file.data() + head.e_phoff + n * sizeof part, sizeof part);
        if (part.p_offset + part.p_filesz > file.size()) return all;
        const extent here{part.p_offset, part.p_offset + part.p_filesz};
        if (part.p_type == PT_NOTE) left_out.push_back(here);
        if (part.p_type != PT_LOAD) continue;
        loaded.push_back(here);
        if (facts_at >= part.p_vaddr && facts_at - part.p_vaddr < part.p_filesz) {
            const std::size_t from = part.p_offset + (facts_at - part.p_vaddr);
            left_out.emplace_back(from, from + facts.size());
        }
    }
    std::ranges::sort(left_out);
    std::vector<extent> counting;
    for (auto [from, end] : loaded) {
        for (const auto& [gap, gap_end] : left_out) {
            if (gap_end <= from || gap >= end) continue;
            if (gap > from) counting.emplace_back(from, gap);
            from = std::min(gap_end, end);
        }
        if (from < end) counting.emplace_back(from, end);
    }
    return counting;
}

}  // namespace

const std::string& build_identity() {
    static const std::string identity = [] {
        const own_file self;
        std::uint32_t hash = 0;
        for (const auto& [from, end] : parts_that_count(self.bytes()))
            hash = hash_configuration(hash, self.bytes().substr(from, end - from));
        return fmt::format("{:08x}", hash);
    }();
    return identity;
}

}  // namespace pidmap_stress::explore
