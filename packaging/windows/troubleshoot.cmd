@echo off
rem Checks everything between the hub and the directory, as administrator.
"%~dp0landbridge-connector-service.exe" troubleshoot
exit /b %ERRORLEVEL%
