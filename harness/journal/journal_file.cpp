#include "harness/journal/journal_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

namespace pidmap_stress::journal {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] bool is_for_want_of_room(int error) noexcept {
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

[[nodiscard]] append_failure failure(const std::string& path, const char* deed, int error) {
    return {.what = fmt::format("{} cannot be {}: {}", path, deed, std::strerror(error)),
            .no_room = is_for_want_of_room(error)};
}

/// A new name in a folder is on the disk when the folder is.
void sync_folder(const fs::path& folder) noexcept {
    const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    ::fsync(opened);
    ::close(opened);
}

void add(journal_text& to, record&& what) {
    if (auto* const one = std::get_if<attempt_record>(&what)) to.attempts.push_back(*one);
    if (auto* const one = std::get_if<slice_record>(&what)) to.slices.push_back(std::move(*one));
    if (auto* const one = std::get_if<canary_record>(&what)) to.canaries.push_back(*one);
    if (auto* const one = std::get_if<end_record>(&what)) to.ends.push_back(*one);
}

}  // namespace

std::string journal_path(const std::string& folder) {
    return (fs::path(folder) / "journal.jsonl").string();
}

std::optional<journal_text> read_journal(const std::string& folder) {
    const std::string path = journal_path(folder);
    std::error_code none;
    if (!fs::exists(path, none)) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error(fmt::format("{} cannot be read", path));
    journal_text text{.folder = folder};
    bool begun = false;
    std::size_t line_number = 0;
    std::string line;
    while (std::getline(in, line)) {
        ++line_number;
        const bool whole = !in.eof();  // Else the line has no end, so it was not written to it.
        record what;
        try {
            if (!whole) throw std::runtime_error("it has no line end");
            what = from_line(line);
        } catch (const std::runtime_error& error) {
            const bool last = !whole || in.peek() == std::ifstream::traits_type::eof();
            // A first line of another version is whole, and no accident.
            if (!last || (!begun && whole))
                throw std::runtime_error(fmt::format("{}:{}: {}", path, line_number, error.what()));
            text.left_out = fmt::format(
                "{}:{}: the last line was not written to its end, and is left out: {} "
                "bytes",
                path, line_number, line.size());
            break;
        }
        auto* const campaign = std::get_if<campaign_record>(&what);
        if ((campaign != nullptr) == begun)
            throw std::runtime_error(fmt::format(
                "{}:{}: {}", path, line_number,
                begun ? "a second campaign in one journal" : "the first line is not a campaign's"));
        if (campaign != nullptr) {
            begun = true;
            text.campaign = std::move(*campaign);
        } else {
            if (const auto* const slice = std::get_if<slice_record>(&what);
                slice != nullptr && slice->cell >= text.campaign.cells.size())
                throw std::runtime_error(fmt::format("{}:{}: the campaign has no cell {}", path,
                                                     line_number, slice->cell));
            add(text, std::move(what));
        }
        text.whole_bytes += line.size() + 1;
    }
    if (!begun) return std::nullopt;
    return text;
}

std::string difference(const campaign_record& there, const campaign_record& wanted) {
    const auto differ = [](std::string_view name, const auto& was, const auto& is) {
        return fmt::format("{} was {} and is now {}", name, was, is);
    };
    if (there.seed != wanted.seed) return differ("the seed", there.seed, wanted.seed);
    if (there.world != wanted.world) return differ("the world", there.world, wanted.world);
    if (there.part != wanted.part)
        return differ("the shard", fmt::format("{}/{}", there.part.index + 1, there.part.count),
                      fmt::format("{}/{}", wanted.part.index + 1, wanted.part.count));
    const auto value = [](const campaign_record& of, const std::string& name) {
        const auto found = of.configuration.find(name);
        return found == of.configuration.end() ? std::string("not set") : found->second;
    };
    for (const campaign_record* const one : {&there, &wanted})
        for (const auto& entry : one->configuration)
            if (value(there, entry.first) != value(wanted, entry.first))
                return differ("--" + entry.first, value(there, entry.first),
                              value(wanted, entry.first));
    if (there.cells.size() != wanted.cells.size())
        return differ("the number of cells", there.cells.size(), wanted.cells.size());
    for (std::size_t n = 0; n < there.cells.size(); ++n) {
        if (there.cells[n].name != wanted.cells[n].name)
            return differ(fmt::format("cell {}", n), to_string(there.cells[n].name),
                          to_string(wanted.cells[n].name));
        if (!(there.cells[n] == wanted.cells[n]))
            return fmt::format("what {} declares has changed", to_string(wanted.cells[n].name));
    }
    return "";
}

namespace {

/// A record lock, as it tells who has it, and a process that was forked does not inherit it.
[[nodiscard]] struct flock whole_file() noexcept {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

[[nodiscard]] std::string lock_path(const std::string& folder) {
    return (fs::path(folder) / "lock").string();
}

}  // namespace

std::optional<int> writer_of(const std::string& folder) {
    const int file = ::open(lock_path(folder).c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    struct flock lock = whole_file();
    const bool known = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::close(file);
    return known ? std::optional<int>(lock.l_pid) : std::nullopt;
}

journal_file::journal_file(const std::string& folder) : path_(journal_path(folder)) {
    std::error_code error;
    const bool was_there = fs::exists(folder, error);
    if (was_there && !fs::is_directory(folder, error))
        throw append_failure{.what = fmt::format("{} is a file; it must be a folder", folder)};
    if (!was_there && !fs::create_directories(folder, error))
        throw append_failure{
            .what = fmt::format("the folder {} cannot be made: {}", folder, error.message()),
            .no_room = is_for_want_of_room(error.value())};
    const auto give_up = [this](append_failure why) {
        if (file_ >= 0) ::close(file_);
        if (lock_ >= 0) ::close(lock_);
        throw append_failure(std::move(why));
    };
    lock_ = ::open(lock_path(folder).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) throw failure(lock_path(folder), "written", errno);
    struct flock lock = whole_file();
    if (::fcntl(lock_, F_SETLK, &lock) != 0) {
        const std::optional<int> writer = writer_of(folder);
        give_up(
            {.what = fmt::format("{} is in use by {}", folder,
                                 writer ? fmt::format("process {}", *writer) : "another process")});
    }
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) give_up(failure(path_, "written", errno));
    try {
        before_ = read_journal(folder);
    } catch (const std::runtime_error& unreadable) {
        give_up({.what = unreadable.what()});
    }
    size_ = before_ ? before_->whole_bytes : 0;
    if (::ftruncate(file_, static_cast<off_t>(size_)) != 0 || ::lseek(file_, 0, SEEK_END) < 0)
        give_up(failure(path_, "written", errno));
    sync_folder(folder);
}

journal_file::~journal_file() {
    ::close(file_);
    ::close(lock_);
}

std::optional<append_failure> journal_file::append(const record& what) {
    const std::string line = to_line(what) + "\n";
    std::string_view left = line;
    int error = 0;
    while (!left.empty() && error == 0) {
        const ssize_t written = ::write(file_, left.data(), left.size());
        if (written >= 0)
            left.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            error = errno;
    }
    if (error == 0 && ::fdatasync(file_) != 0) error = errno;
    if (error == 0) {
        size_ += line.size();
        return std::nullopt;
    }
    // Half a line is no record.
    if (::ftruncate(file_, static_cast<off_t>(size_)) == 0) ::lseek(file_, 0, SEEK_END);
    return failure(path_, "written", error);
}

}  // namespace pidmap_stress::journal
