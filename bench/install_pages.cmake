# Run at install time, with `squall` and a folder `pages` given: installs the manual page and the
# completions that this squall prints. A squall without these commands installs without them.
function(squall_page folder name)
  execute_process(COMMAND ${squall} ${ARGN} OUTPUT_FILE ${pages}/${name}
                  RESULT_VARIABLE code ERROR_QUIET)
  if(NOT code EQUAL 0)
    message(STATUS "Left out: ${name} (no `squall ${ARGN}`)")
    return()
  endif()
  if(folder MATCHES "/man/")  # where Debian wants it packed, and without the time of packing
    execute_process(COMMAND gzip -9nf ${pages}/${name} COMMAND_ERROR_IS_FATAL ANY)
    string(APPEND name .gz)
  endif()
  file(INSTALL ${pages}/${name} DESTINATION ${CMAKE_INSTALL_PREFIX}/share/${folder})
endfunction()

file(MAKE_DIRECTORY ${pages})
squall_page(/man/man1 squall.1 man)
squall_page(/bash-completion/completions squall completion bash)
squall_page(/zsh/vendor-completions _squall completion zsh)
squall_page(/fish/vendor_completions.d squall.fish completion fish)
