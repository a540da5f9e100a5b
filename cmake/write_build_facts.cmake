# Writes OUT, a source with what harness/base/build_facts.cpp reads: VERSION, the commit that
# write_commit.cmake wrote into COMMIT, and the date.

file(READ ${COMMIT} commit)
string(REGEX REPLACE "[|][^|]*$" "" commit "${commit}")
string(TIMESTAMP date "%Y-%m-%dT%H:%M:%SZ" UTC)  # SOURCE_DATE_EPOCH, if that is set.
file(WRITE ${OUT} "// Generated at each build that has something to do.
namespace pidmap_stress {
extern const char build_facts_text[256];
const char build_facts_text[256] = \"pidmap-stress build facts|${VERSION}|${commit}|${date}|\";
}  // namespace pidmap_stress
")
