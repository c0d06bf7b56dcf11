@echo off
rem Runs from wherever the folder is. Options that were set for other programs are not for this one.
setlocal
set "NODE_OPTIONS="
"%~dp0bin\node.exe" --disable-warning=ExperimentalWarning "%~dp0lib\main.js" %*
exit /b %ERRORLEVEL%
