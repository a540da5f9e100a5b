#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/journal/records.hpp"

/// A journal on disk: `journal.jsonl` in a folder, one record a line.
namespace pidmap_stress::journal {

/// What a journal says, in its order.
struct journal_text {
    std::string folder{};
    campaign_record campaign{};
    std::vector<attempt_record> attempts{};
    std::vector<slice_record> slices{};
    std::vector<canary_record> canaries{};
    std::vector<end_record> ends{};
    /// What was left out, as a sentence: a last line that was not written to its end.
    std::string left_out{};
    std::uint64_t whole_bytes = 0;  ///< Up to here every line is whole.
};

/// The file in a soak's folder.
[[nodiscard]] std::string journal_path(const std::string& folder);

/// Reads the journal of a folder. A last line without its end, or that is no record, is left out.
///
/// \returns  nullopt if the folder has no journal, or one without a first line.
/// \throws std::runtime_error  one sentence: the folder cannot be read, a line in the middle is not
///                             a record, or the schema is one that is not known.
[[nodiscard]] std::optional<journal_text> read_journal(const std::string& folder);

/// The process that is writing the folder's journal now, if there is one.
/// \pre This process is not: its lock would be gone with the look at it.
[[nodiscard]] std::optional<int> writer_of(const std::string& folder);

/// What differs between two campaigns, so that one cannot go on with the other's journal: one
/// sentence that names the first difference; empty if nothing does.
[[nodiscard]] std::string difference(const campaign_record& there, const campaign_record& wanted);

/// Why a record was not written: one sentence.
struct append_failure {
    std::string what;
    bool no_room = false;  ///< Disk space, or a limit on the size of files; else the path is wrong.
};

/// A journal that is being written. One process at a time has it.
class journal_file {
public:
    /// Opens the folder's journal for one process, and makes the folder if there is none. A torn
    /// last line is cut off.
    /// \throws append_failure  if it cannot be written, or if another process has it.
    explicit journal_file(const std::string& folder);
    ~journal_file();
    journal_file(const journal_file&) = delete;
    journal_file& operator=(const journal_file&) = delete;

    /// What is there.
    [[nodiscard]] const std::optional<journal_text>& before() const noexcept { return before_; }
    /// Adds a line. When this returns nothing, the line is on the disk, whatever happens next; if
    /// it returns a failure, the journal is as it was before.
    [[nodiscard]] std::optional<append_failure> append(const record& what);

private:
    std::string path_;
    int lock_ = -1;
    int file_ = -1;
    std::uint64_t size_ = 0;
    std::optional<journal_text> before_;
};

}  // namespace pidmap_stress::journal
