# cmake -D SOURCE=... -D HEADER=... -P revision.cmake: writes the revision of a checkout at SOURCE, with
# "-dirty" where files differ from it, or "" where SOURCE is no checkout of its own.
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-cdup
                OUTPUT_VARIABLE up OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
set(revision "")
if(failed EQUAL 0 AND up STREQUAL "")
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 "--exclude=*"
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(WRITE ${HEADER}.new "#define SQUALL_REVISION \"${revision}\"\n")
file(COPY_FILE ${HEADER}.new ${HEADER} ONLY_IF_DIFFERENT)
