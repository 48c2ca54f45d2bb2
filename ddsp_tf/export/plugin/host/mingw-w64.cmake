# Builds for Windows on Debian, with g++-mingw-w64-x86-64 and wine:
#   CMAKE_TOOLCHAIN_FILE=.../host/mingw-w64.cmake ddsp-tf export violin --target plugin -o plugins/ --build
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_CROSSCOMPILING_EMULATOR wine)
